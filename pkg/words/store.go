package words

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
)

// Value stores a Text in a column: as JSON, which can be said in any language later; empty where there is none.
func (t Text) Value() (driver.Value, error) {
	if t.IsZero() {
		return "", nil
	}
	b, err := json.Marshal(t)
	return string(b), err
}

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
