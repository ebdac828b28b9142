package words

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
)

// Value stores a Text in a column: as JSON, which can be said in any language later; empty where there is none.
func (t Text) Value() (driver.Value, error) { return t.Stored(), nil }

// Stored is a Text as a string from which Stored makes it again, where a string is what there is room for. What somebody
// said, word for word, stands as it is.
func (t Text) Stored() string {
	if t.IsZero() {
		return ""
	}
	b, err := json.Marshal(t)
	if err != nil { // an argument that JSON does not know
		return t.String()
	}
	return string(b)
}

// Stored is the Text of a string that Text.Stored made. Anything else is what somebody said, word for word.
func Stored(s string) Text { return stored(s) }

// Scan reads what Value stored. Anything else that stands there is what somebody said, word for word.
func (t *Text) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*t = Text{}
	case string:
		*t = stored(src)
	case []byte:
		*t = stored(string(src))
	default:
		return fmt.Errorf("a %T is no text", src)
	}
	return nil
}

func stored(s string) Text {
	var t Text
	switch {
	case s == "":
		return t
	case !strings.HasPrefix(s, "{") || json.Unmarshal([]byte(s), &t) != nil || t.IsZero():
		return Raw(s)
	}
	return t
}
