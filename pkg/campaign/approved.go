package campaign

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/template"
	"notify/pkg/words"
)

// templates is the folder of templates beside a campaign file.
const templates = "templates"

// approved is the text of a template, with all that stands there: it is frozen with the campaign, as the texts of files are.
func (r *reader) approved(m *yamldoc.Map, class string) *Short {
	v, s := m.Value("template"), &Short{}
	for _, key := range []string{"text", "template_code", "template_vars"} {
		if v := m.Value(key); slices.Contains(m.Keys(), key) {
			v.Problem(words.T("campaign.template-beside", words.A{"key": key}), words.T("yaml.do.keep-one", nil))
		}
	}
	name := required(m, "template", words.T("campaign.do.template-name", nil))
	if name == "" {
		return s
	}
	t := r.template(v, name)
	if t == nil {
		return s
	}
	if class != "" && t.Class != class {
		v.Problem(words.T("campaign.template-class", words.A{"template": t.ID, "has": words.Of("class", t.Class), "wants": words.Of("class", class)}),
			words.T("campaign.do.template-class", nil))
	}
	s.Template, s.File, s.Text = t, t.File, t.Text
	for _, account := range slices.Sorted(maps.Keys(t.Codes)) {
		code := t.Codes[account]
		if code.State == "pending" || code.State == "rejected" {
			v.Warn(words.T("campaign.template-state", words.A{"template": t.ID, "account": account, "state": words.Of("approval", code.State)}),
				words.T("campaign.do.template-state", words.A{"file": t.File}))
		}
		if code.Code != "" {
			put(&s.TemplateCode, account, code.Code)
		}
	}
	for _, one := range t.Variables {
		if one.As != "" {
			put(&s.TemplateVars, one.Name, one.As)
		}
	}
	return s
}

func put(m *map[string]string, key, value string) {
	if *m == nil {
		*m = make(map[string]string)
	}
	(*m)[key] = value
}

// template reads the template of that name; nil where it cannot be had, which is then among the problems.
func (r *reader) template(v yamldoc.Value, name string) *template.Template {
	dir := filepath.Join(r.dir, templates)
	t, known, err := template.Find(dir, name)
	var broken *diag.InputError
	switch {
	case errors.As(err, &broken):
		for _, p := range broken.Problems.Kept() {
			r.problems.Add(p)
		}
		return nil
	case err != nil:
		v.Problem(words.Cause(err), words.HintOf(err))
		return nil
	case t == nil:
		v.Problem(words.T("campaign.template-missing", words.A{"template": name, "folder": dir}), diag.Known(name, known))
		return nil
	}
	if r.outside(t.File) {
		v.Warn(words.T("campaign.file-outside", words.A{"path": t.File}), words.T("campaign.do.outside", nil))
	}
	r.files = append(r.files, absolute(t.File))
	return t
}
