package words

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"notify/pkg/message"
)

// JSON encodes any value as encoding/json does, except that every Text in it has its sentence beside its id and arguments,
// in the Printer's language, and that what has no entries is [] or {}. Nothing is escaped for HTML.
func (p Printer) JSON(v any) ([]byte, error) {
	say := jsonv2.MarshalToFunc(func(enc *jsontext.Encoder, t Text) error {
		if t.IsZero() {
			return enc.WriteToken(jsontext.Null)
		}
		b, err := json.Marshal(t)
		if err != nil {
			return err
		}
		sentence, err := plain(p.Say(t))
		if err != nil {
			return err
		}
		b = append(b[:len(b)-1], `,"text":`...)
		return enc.WriteValue(append(append(b, sentence...), '}'))
	})
	b, err := jsonv2.Marshal(v, jsonv2.WithMarshalers(say), jsonv1.DefaultOptionsV1(), jsontext.EscapeForHTML(false), jsontext.EscapeForJS(false),
		jsonv2.FormatNilSliceAsNull(false), jsonv2.FormatNilMapAsNull(false))
	if err != nil {
		return nil, fmt.Errorf("encode as JSON: %w", err)
	}
	return b, nil
}

// plain is a string as JSON, unescaped.
func plain(s string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

type textJSON struct {
	ID   string         `json:"id"`
	Args map[string]any `json:"args,omitempty"`
}

// MarshalJSON writes {"id", "args"}; null where there is no sentence.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	args := make(map[string]any, len(t.Args))
	for k, v := range t.Args {
		args[k] = encoded(v)
	}
	return json.Marshal(textJSON{ID: t.ID, Args: args})
}

// encoded gives a value a form that tells its kind.
func encoded(v any) any {
	switch v := v.(type) {
	case Count:
		return map[string]any{"count": v.N, "of": v.Noun}
	case Amount:
		return map[string]any{"money": v.Money, "currency": v.Currency}
	case message.Money:
		return map[string]any{"money": v}
	case Percent:
		return map[string]any{"percent": float64(v)}
	case Rate:
		return map[string]any{"per_second": float64(v)}
	case Size:
		return map[string]any{"bytes": int64(v)}
	case Weighed:
		return map[string]any{"bytes": int64(v.Size), "against": int64(v.Against)}
	case time.Time:
		return map[string]any{"time": v}
	case time.Duration:
		return map[string]any{"seconds": v.Seconds()}
	case List:
		items := make([]any, 0, len(v.Items))
		for _, item := range v.Items {
			items = append(items, encoded(item))
		}
		return map[string]any{"list": items, "join": v.Join, "most": v.Most}
	}
	return v
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Text) UnmarshalJSON(b []byte) error {
	*t = Text{}
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	var raw struct {
		ID   string                     `json:"id"`
		Args map[string]json.RawMessage `json:"args"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	t.ID = raw.ID
	for k, v := range raw.Args {
		value, err := decoded(v)
		if err != nil {
			return fmt.Errorf("argument %s of %s: %w", k, raw.ID, err)
		}
		if t.Args == nil {
			t.Args = make(A)
		}
		t.Args[k] = value
	}
	return nil
}

// valueJSON are the forms of encoded, all at once.
type valueJSON struct {
	ID        string
	Count     *int64             `json:"count"`
	Of        string             `json:"of"`
	Money     *message.Money     `json:"money"`
	Currency  *string            `json:"currency"`
	Percent   *float64           `json:"percent"`
	PerSecond *float64           `json:"per_second"`
	Bytes     *int64             `json:"bytes"`
	Against   *int64             `json:"against"`
	Time      *time.Time         `json:"time"`
	Seconds   *float64           `json:"seconds"`
	List      *[]json.RawMessage `json:"list"`
	Join      Join               `json:"join"`
	Most      int                `json:"most"`
}

func decoded(b json.RawMessage) (any, error) {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] != '{' {
		return scalar(b)
	}
	var v valueJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	switch {
	case v.ID != "":
		var t Text
		err := t.UnmarshalJSON(b)
		return t, err
	case v.List != nil:
		return v.items()
	}
	return v.figure()
}

// items is a List.
func (v *valueJSON) items() (any, error) {
	l := List{Join: v.Join, Most: v.Most}
	for _, item := range *v.List {
		value, err := decoded(item)
		if err != nil {
			return nil, err
		}
		l.Items = append(l.Items, value)
	}
	return l, nil
}

// figure is everything else.
func (v *valueJSON) figure() (any, error) {
	switch {
	case v.Count != nil:
		return Count{N: *v.Count, Noun: v.Of}, nil
	case v.Money != nil && v.Currency == nil:
		return *v.Money, nil
	case v.Money != nil:
		return Amount{Money: *v.Money, Currency: *v.Currency}, nil
	case v.Percent != nil:
		return Percent(*v.Percent), nil
	case v.PerSecond != nil:
		return Rate(*v.PerSecond), nil
	case v.Bytes != nil && v.Against != nil:
		return Weighed{Size: Size(*v.Bytes), Against: Size(*v.Against)}, nil
	case v.Bytes != nil:
		return Size(*v.Bytes), nil
	case v.Time != nil:
		return *v.Time, nil
	case v.Seconds != nil:
		return time.Duration(*v.Seconds * float64(time.Second)), nil
	}
	return nil, errors.New("it has no form that is known")
}

func scalar(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	n, ok := v.(json.Number)
	if !ok {
		return v, nil
	}
	if strings.ContainsAny(n.String(), ".eE") {
		return n.Float64()
	}
	return n.Int64()
}
