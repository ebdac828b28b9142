// Package all knows every kind of vendor. It is the one place where adapters are named; a new one is a line here.
package all

import (
	vendorfiles "notify/examples/vendors"
	"notify/pkg/vendors"
	"notify/pkg/vendors/aliyun"
	httpvendor "notify/pkg/vendors/http"
	"notify/pkg/vendors/ses"
	"notify/pkg/vendors/smtp"
	"notify/pkg/vendors/tencent"
	"notify/pkg/vendors/twilio"
)

// Registry are the kinds of vendor that an account can name.
func Registry() vendors.Registry {
	r := vendors.Registry{}
	for _, k := range []vendors.Kind{
		aliyun.Kind(),
		aliyun.MailKind(),
		httpvendor.Kind(vendorfiles.FS()),
		ses.Kind(),
		smtp.Kind(),
		tencent.Kind(),
		tencent.MailKind(),
		twilio.Kind(),
	} {
		r[k.Name] = k
	}
	return r
}

// ExplainFile says what a vendor file would do: its requests, made and not sent, and what its keys mean. The options in s are an
// account's, and name the file.
func ExplainFile(s vendors.Settings) (*vendors.Explained, error) {
	return httpvendor.Explain(vendorfiles.FS(), s)
}

// File is the vendor file that an account names, relative to a folder.
func File(definition, dir string) ([]byte, error) {
	return httpvendor.ReadFile(vendorfiles.FS(), dir, definition)
}
