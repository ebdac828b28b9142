package schemas

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Draft writes down the form of an answer that is described nowhere yet, as far as one answer shows it: every field is there, and
// has the type that it has here. What may be missing, and what only some values are allowed for, is for a person to say. path is
// where it belongs, in this folder.
func Draft(answer []byte) (path string, form []byte, err error) {
	var v map[string]any
	if err := json.Unmarshal(answer, &v); err != nil {
		return "", nil, fmt.Errorf("draft a form: %w", err)
	}
	name, _ := v["schema"].(string)
	root := drafted(v)
	root["$schema"], root["$id"], root["title"] = "https://json-schema.org/draft/2020-12/schema", fileOf(name), name
	root["properties"].(map[string]any)["schema"] = map[string]any{"const": name}
	form, err = json.MarshalIndent(root, "", "  ")
	return fileOf(name), append(form, '\n'), err
}

func drafted(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		properties := make(map[string]any)
		for key, value := range v {
			properties[key] = drafted(value)
		}
		return map[string]any{
			"type": "object", "additionalProperties": false, "required": slices.Sorted(maps.Keys(v)), "properties": properties,
		}
	case []any:
		list := map[string]any{"type": "array"}
		if len(v) > 0 {
			list["items"] = drafted(v[0])
		}
		return list
	case string:
		return map[string]any{"type": "string"}
	case float64:
		return map[string]any{"type": "number"}
	case bool:
		return map[string]any{"type": "boolean"}
	}
	return map[string]any{"type": "null"}
}
