package campaign

import (
	"bytes"
	_ "embed" // for the starting campaign file
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"unicode"

	"notify/pkg/words"
)

// StarterOptions say what a new campaign begins with. The zero value makes one for a list that does not exist yet, with
// the columns 姓名, 手机号 and 邮箱.
type StarterOptions struct {
	// List is the path of the list; its name becomes that of the campaign and its files. Empty means "award".
	List string
	// Sheet, Columns and Mapped are what the list says of itself: its sheet (empty for CSV), its headers in order, and
	// which of them serves as key, name, phone and email.
	Sheet   string
	Columns []string
	Mapped  map[string]string
	// Or are other columns that could serve as the same, by key, name, phone and email.
	Or map[string][]string
	// Owner answers for the campaign; empty leaves a name to be replaced.
	Owner string
	// Checklist says that a checklist is written beside the campaign file, under the list's name and ChecklistEnding; the campaign file names it.
	Checklist bool
}

// File is a file to be written beside the list.
type File struct {
	Name string
	Text string
}

// ChecklistEnding follows the list's name in the name of a checklist beside the campaign file.
const ChecklistEnding = ".checklist.yaml"

//go:embed starter.yaml.tmpl
var starterFile string

// starterData is what the starting campaign file is made of; texts are quoted for YAML.
type starterData struct {
	Name, Base, Owner, Sheet, NameColumn string
	Checklist                            string
	Key, Person, Phone, Email            string
	Or                                   map[string]string
	SMS, Mail                            bool
	Variables                            []string
}

// Starter makes the commented campaign file and the texts of a new campaign. They load as they are, and the texts use the
// columns of the list. Channels for which the list has no column are left out; without any column there are both.
func Starter(o StarterOptions) ([]File, error) {
	if o.List == "" {
		o.List = "award"
	}
	if len(o.Columns) == 0 {
		o.Columns = []string{"姓名", "手机号", "邮箱"}
		o.Mapped = map[string]string{"name": "姓名", "phone": "手机号", "email": "邮箱"}
	}
	base := strings.TrimSuffix(filepath.Base(o.List), filepath.Ext(o.List))
	sms, mail := o.Mapped["phone"] != "", o.Mapped["email"] != ""
	if !sms && !mail {
		sms, mail = true, true
	}
	t := skeleton(o)
	d := starterData{
		Name: quoted(starterName(base)), Base: base, Owner: quoted(o.Owner), Sheet: quoted(o.Sheet), SMS: sms, Mail: mail,
		Key: quoted(o.Mapped["key"]), Person: quoted(o.Mapped["name"]), Phone: quoted(o.Mapped["phone"]), Email: quoted(o.Mapped["email"]),
		NameColumn: quoted(t.subject), Variables: t.variables,
	}
	d.Or = make(map[string]string)
	for role, columns := range o.Or {
		d.Or[role] = strings.Join(columns, ", or ")
	}
	if o.Checklist {
		d.Checklist = quoted(base + ChecklistEnding)
	}
	if o.Owner == "" {
		d.Owner = quoted("Operations Wang")
	}
	tmpl, err := template.New("campaign").Delims("[[", "]]").Funcs(template.FuncMap{"quoted": quoted}).Parse(starterFile)
	if err != nil {
		return nil, words.Wrap(err, "campaign.make", nil)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, d); err != nil {
		return nil, words.Wrap(err, "campaign.make", nil)
	}
	files := []File{{base + ".yaml", b.String()}}
	if sms {
		files = append(files, File{base + ".sms.txt", t.sms})
	}
	if mail {
		files = append(files, File{base + ".txt", t.text}, File{base + ".html", t.html})
	}
	return files, nil
}

// starterName makes a campaign's name of a file's.
func starterName(base string) string {
	name := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("._-", c) {
			return c
		}
		return '-'
	}, base)
	name = strings.Trim(name, "._-")
	if r := []rune(name); len(r) > 64 {
		name = strings.TrimRight(string(r[:64]), "._-")
	}
	if !namePattern().MatchString(name) {
		return "campaign"
	}
	return name
}

// plainWord is what YAML reads as a text without quotes, but for the words of yamlWord.
var (
	plainWord = regexp.MustCompile(`^[\p{Han}A-Za-z][\p{Han}A-Za-z0-9._-]*( [A-Za-z0-9]+)*$`)
	yamlWord  = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|null|y|n)$`)
)

// quoted is a text as YAML takes it, empty for an empty one. A JSON string is a YAML string.
func quoted(s string) string {
	if s == "" || plainWord.MatchString(s) && !yamlWord.MatchString(s) {
		return s
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return `""`
	}
	return strings.TrimSpace(b.String())
}

// texts are what a new campaign begins with.
type texts struct {
	subject, sms, text, html string
	variables                []string
}

// maxShown is how many columns of a list are shown in the first texts; the rest can be added by hand.
const maxShown = 4

// skeleton writes first texts with the columns of the list, in Chinese where its headers are.
func skeleton(o StarterOptions) texts {
	var t texts
	var shown []string
	roles := []string{o.Mapped["key"], o.Mapped["name"], o.Mapped["phone"], o.Mapped["email"]}
	chinese := false
	for _, c := range o.Columns {
		chinese = chinese || strings.ContainsFunc(c, func(r rune) bool { return unicode.Is(unicode.Han, r) })
		if !usable(c) {
			continue
		}
		t.variables = append(t.variables, "{{"+c+"}}")
		if !slices.Contains(roles, c) && len(shown) < maxShown {
			shown = append(shown, c)
		}
	}
	words := map[string]string{"dear": "Dear ", "who": "friend", "after": ",", "sep": ": ", "join": ", ", "stop": ".", "title": "a message for you"}
	if chinese {
		words = map[string]string{"dear": "", "who": "您好", "after": "，您好！", "sep": "：", "join": "，", "stop": "。", "title": "您的通知"}
	}
	greeting, subject := words["dear"]+words["who"]+words["after"], words["title"]
	if chinese {
		greeting = "您好！"
	}
	if name := o.Mapped["name"]; usable(name) {
		greeting = words["dear"] + "{{" + name + "}}" + words["after"]
		subject = "{{" + name + "}}" + words["join"] + words["title"]
	}
	var parts, rows []string
	for _, c := range shown {
		parts = append(parts, c+words["sep"]+"{{"+c+"}}")
		rows = append(rows, "    <li>"+escape(c)+words["sep"]+"{{"+c+"}}</li>")
	}
	if len(parts) == 0 {
		parts, rows = []string{words["title"]}, []string{"    <li>" + words["title"] + "</li>"}
	}
	space := " "
	if chinese {
		space = ""
	}
	t.subject = subject
	t.sms = greeting + space + strings.Join(parts, words["join"]) + words["stop"] + "\n"
	t.text = greeting + "\n\n" + strings.Join(parts, "\n") + "\n"
	t.html = "<!DOCTYPE html>\n<html>\n<body>\n  <p>" + greeting + "</p>\n  <ul>\n" + strings.Join(rows, "\n") + "\n  </ul>\n</body>\n</html>\n"
	return t
}

// usable reports whether a header can stand between the braces of a variable.
func usable(header string) bool {
	return header != "" && !strings.ContainsAny(header, "{}") && !strings.ContainsFunc(header, unicode.IsControl)
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
