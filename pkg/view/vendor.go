package view

import (
	"strings"

	"notify/pkg/vendors"
	"notify/pkg/words"
)

// ShowVendorFile draws what a vendor file would do: its requests, and its keys.
func ShowVendorFile(p *Printer, asJSON bool, x *vendors.Explained) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.vendor-test/1", x)
	}
	channels := make([]string, 0, len(x.Channels))
	for _, ch := range x.Channels {
		channels = append(channels, string(ch))
	}
	p.sentence("", words.T("vendor.test.title", words.A{"file": x.File, "name": x.Name, "channels": strings.Join(channels, ", ")}))
	p.sentence("", words.T("vendor.test.nothing", words.A{"mark": "***"}))
	for _, r := range x.Requests {
		p.Blank()
		p.request(r)
	}
	p.Blank()
	t := NewTable("file-key", "file-about", "file-value", "file-made")
	for _, k := range x.Keys {
		t.Row(k.Key, p.Say(k.About), oneLine(k.Value), oneLine(k.Made))
	}
	p.Table(t, 0)
	return p.Flush()
}

// request draws one request as it would leave.
func (p *Printer) request(r vendors.Shown) {
	if !r.Fault.IsZero() {
		p.sentence("", words.T("vendor.test.fault", words.A{"name": r.For, "cause": r.Fault}))
		p.sentence("→ ", words.T("vendor.test.do-account", nil))
		return
	}
	p.Line("%s  %s %s", p.Paint(Strong, r.For), r.Method, r.URL)
	for _, h := range r.Headers {
		p.Line("  %s: %s", h.Name, h.Value)
	}
	for line := range strings.Lines(r.Body) {
		p.Line("  %s", strings.TrimRight(line, "\n"))
	}
}

// oneLine is a text whose line breaks are seen.
func oneLine(s string) string {
	return strings.NewReplacer("\r", `\r`, "\n", `\n`, "\t", `\t`).Replace(s)
}
