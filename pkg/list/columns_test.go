package list_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/channel"
	"notify/pkg/list"
	"notify/pkg/message"
)

func TestColumnsAreRecognised(t *testing.T) {
	for _, test := range []struct {
		name, headers string
		want          map[string]string
	}{
		{"Chinese", "工号,姓名,手机号,邮箱", map[string]string{"key": "工号", "name": "姓名", "phone": "手机号", "email": "邮箱"}},
		{"English", "ID,Name,Mobile,E-Mail", map[string]string{"key": "ID", "name": "Name", "phone": "Mobile", "email": "E-Mail"}},
		{"with spaces and stars", " No. ,*姓 名, Phone Number*,E mail Address:", map[string]string{"key": "No.", "name": "*姓 名", "phone": "Phone Number*", "email": "E mail Address:"}},
		{"full width", "ＩＤ,ＮＡＭＥ,ＴＥＬ,Ｅ－ｍａｉｌ", map[string]string{"key": "ＩＤ", "name": "ＮＡＭＥ", "phone": "ＴＥＬ", "email": "Ｅ－ｍａｉｌ"}},
		{"two languages", "学号 ID,姓名/Name,手机号码 Mobile（必填）,电子邮箱(Email)", map[string]string{"key": "学号 ID", "name": "姓名/Name", "phone": "手机号码 Mobile（必填）", "email": "电子邮箱(Email)"}},
		{"somebody else's number is not theirs", "姓名,手机,紧急联系人电话", map[string]string{"name": "姓名", "phone": "手机"}},
		{"a phone alone", "联系电话", map[string]string{"phone": "联系电话"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := read(t, file(t, "l.csv", test.headers+"\nA1,A1,A1,A1\n"), list.Options{})
			if diff := cmp.Diff(test.want, got.header.Mapped); diff != "" {
				t.Errorf("mapped (-want +got):\n%s%v", diff, got.err)
			}
		})
	}
}

func TestAMappingDecides(t *testing.T) {
	path := file(t, "l.csv", "手机,办公 电话,昵称,备注,备注\n13494000001,13494000002,小王,x,K1\n")
	got := read(t, path, list.Options{Columns: map[string]string{"phone": "办公电话", "name": "昵称", "key": "备注 (E)"}})
	want := []list.Row{{Number: 2, Key: "K1", Name: "小王", To: []list.Reach{{Channel: message.SMS, Address: "+8613494000002"}}, Values: []string{"13494000001", "13494000002", "小王", "x", "K1"}}}
	if diff := cmp.Diff(want, got.rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s%v", diff, got.err)
	}
	if diff := cmp.Diff([]string{"手机", "办公 电话", "昵称", "备注", "备注 (E)"}, got.header.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"header-duplicate 1 E 备注 (E)"}, told(got.problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestAHeaderThatCannotBeUsedIsExplained(t *testing.T) {
	for _, test := range []struct {
		name, content string
		o             list.Options
		code          string
		says          []string
	}{
		{"two phones", "手机,电话\n1,2\n", list.Options{}, "column-ambiguous", []string{"A 手机", "B 电话", `list.columns: {phone: "手机"}`}},
		{"two equal phones", "手机号,手机号\n1,2\n", list.Options{}, "column-ambiguous", []string{"A 手机号", "B 手机号 (B)"}},
		{"two keys", "工号,编号,手机\n1,2,3\n", list.Options{}, "column-ambiguous", []string{"A 工号", "B 编号"}},
		{"a mapping to nothing", "手机号码,姓名\n1,2\n", list.Options{Columns: map[string]string{"phone": "手机号"}}, "header-missing", []string{`"手机号"`, `nearest header is "手机号码"`, "姓名"}},
		{"a mapping to nothing, in English", "Moblie phone,Name\n1,2\n", list.Options{Columns: map[string]string{"phone": "mobile phone"}}, "header-missing", []string{`"Moblie phone"`}},
		{"a mapping to nothing near", "电话,邮箱\n1,2\n", list.Options{Columns: map[string]string{"email": "信件"}}, "header-missing", []string{`nearest header is "邮箱"`}},
		{"a mapping of nothing", "手机\n1\n", list.Options{Columns: map[string]string{"mail": "手机"}}, "mapping-unknown", []string{`"mail"`, "key, name, phone, email"}},
		{"one column for two", "手机\n1\n", list.Options{Columns: map[string]string{"phone": "手机", "key": "手机"}}, "mapping-twice", []string{"A 手机"}},
		{"no headers", "13494000001,王小明\n13494000002,李小红\n", list.Options{}, "header-none", []string{"手机号"}},
		{"foreign headers", "Rufnummer,Vorname\n13494000001,W\n", list.Options{}, "header-none", []string{"Rufnummer, Vorname", "list.columns"}},
		{"no e-mail where mail is to be sent", "手机,姓名\n1,2\n", list.Options{Need: channel.Builtin().Names()}, "column-missing", []string{"email", "手机, 姓名"}},
		{"an unknown country", "手机\n1\n", list.Options{Country: "XX"}, "country-unknown", []string{`"XX"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := read(t, file(t, "l.csv", test.content), test.o)
			if len(got.problems) == 0 || got.err == nil {
				t.Fatalf("read %v, want a refusal", got.rows)
			}
			text, found := "", false
			for _, p := range got.problems {
				text += p.String() + "\n"
				found = found || (p.Code == test.code && p.Stops())
			}
			if !found {
				t.Errorf("told %v; want %s", told(got.problems), test.code)
			}
			for _, s := range test.says {
				if !strings.Contains(text, s) {
					t.Errorf("%q does not say %q", text, s)
				}
			}
		})
	}
}

func TestHeadersMayStandBelowOtherRows(t *testing.T) {
	for _, test := range []struct {
		name, content string
		row           int
		columns       []string
	}{
		{"a title", "获奖名单\n姓名,手机\n王,13494000001\n", 2, []string{"姓名", "手机"}},
		{"blank rows", "\n\n,\n姓名,手机\n王,13494000001\n", 4, []string{"姓名", "手机"}},
		{"a group above", "工号,姓名,联系方式,\n,,手机,邮箱\nA,王,13494000001,\n", 2, []string{"工号", "姓名", "手机", "邮箱"}},
		{"empty headers", "姓名,,手机,\n王,,13494000001,\n", 1, []string{"姓名", "手机"}},
		{"a separator declared", "sep=;\n姓名;手机\n王;13494000001\n", 2, []string{"姓名", "手机"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := read(t, file(t, "l.csv", test.content), list.Options{})
			if got.err != nil || got.header.Row != test.row || len(got.rows) != 1 || got.rows[0].Address(message.SMS) != "+8613494000001" {
				t.Fatalf("header %+v, rows %v, %v", got.header, got.rows, got.err)
			}
			if diff := cmp.Diff(test.columns, got.header.Columns); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeadersAreGivenAlsoWhereTheyCannotBeMapped(t *testing.T) {
	h, err := list.Headers(t.Context(), file(t, "l.csv", "Rufnummer,Vorname\n13494000001,W\n"), list.Options{})
	if diff := cmp.Diff([]string{"Rufnummer", "Vorname"}, h.Columns); diff != "" || err == nil {
		t.Errorf("columns (-want +got):\n%s error %v", diff, err)
	}
	h, err = list.Headers(t.Context(), file(t, "l.csv", "手机,姓名\n"), list.Options{})
	if diff := cmp.Diff(map[string]string{"phone": "手机", "name": "姓名"}, h.Mapped); diff != "" || err != nil {
		t.Errorf("mapped (-want +got):\n%s error %v", diff, err)
	}
}

func TestHeadersOfManyOriginsAreKnown(t *testing.T) {
	known := map[string][]string{
		"phone": {
			"手机号", "手机", "电话", "手机号码", "联系电话", "电话号码", "联系手机", "移动电话", "手機號", "手機號碼", "電話號碼", "行動電話", "流動電話", "手机号\n(11位)", "手机号（必填）", "*手机号码", "常用手机", "个人手机号", "员工手机号", "学员手机号", "客户手机号码",
			"会员手机", "获奖人手机号", "接收手机号", "注册手机号", "预留手机号", "公司手机", "手机1", "手机号 Mobile",
			"Phone", "Mobile", "Mobile Phone", "Mobile phone number", "Mobile No.", "Cell", "Cell Phone", "Cell phone number", "Phone Number", "Phone No", "Tel.", "Tel No.", "Telephone Number", "Contact Number", "Contact No.", "Contact Phone", "Personal mobile", "Work Mobile",
			"Customer Phone", "Employee Mobile Number", "Phone 1 - Value", "MSISDN", "Handphone", "携帯電話番号", "휴대폰번호", "Handynummer", "Téléphone", "Celular",
		},
		"email": {
			"邮箱", "电子邮箱", "邮件", "电子邮件", "电邮", "电邮地址", "公司邮箱", "企业邮箱", "工作邮箱", "个人邮箱", "常用邮箱", "单位邮箱", "联系邮箱", "員工電郵", "電子郵件地址", "電子信箱", "邮箱（必填）", "邮箱 Email",
			"E-mail", "Email", "Email Address", "E-mail 1 - Value", "Work Email", "Work e-mail address", "Business Email", "Company Email", "Personal email", "Primary Email", "Contact email", "Student Email", "Email ID", "メールアドレス", "이메일", "E-Mail-Adresse",
		},
		"name": {"姓名", "员工姓名", "学员姓名", "真实姓名", "中文名", "获奖人姓名", "Name", "Full Name", "Customer Name", "氏名"},
		"":     {"紧急联系人电话", "家长手机", "办公电话", "公司电话", "Work Phone", "Home phone", "Emergency contact phone", "手机2", "手机型号", "电话（紧急联系人）", "Fax", "备注", "邮政编码", "Mailing address", "Mobile brand", "Referrer email"},
	}
	for role, headers := range known {
		for _, header := range headers {
			h, _ := list.Headers(t.Context(), file(t, "l.csv", "x,\""+header+"\"\n1,2\n"), list.Options{})
			got := ""
			for r, c := range h.Mapped {
				if c != "x" {
					got = r
				}
			}
			if got != role {
				t.Errorf("%q is taken for %q, want %q", header, got, role)
			}
		}
	}
}

func TestAColumnOfAddressesIsOfferedByItsCells(t *testing.T) {
	content := "Wer,Erreichbar,Post,Notiz\nA,13494000001,a@x.test,1\nB,13494000002,b@x.test,2\nC,,c@x.test,\nD,13494000004,-,13494000009\n"
	for _, test := range []struct {
		content string
		need    []message.Channel
		hint    string
	}{
		{content, nil, `list.columns: {email: "Post", phone: "Erreichbar"}`},
		{strings.Replace(content, "Erreichbar", "手机", 1), []message.Channel{message.Email}, `list.columns: {email: "Post"}`},
	} {
		got := read(t, file(t, "l.csv", strings.Replace(test.content, "-,", "d@x.test,", 1)), list.Options{Need: test.need})
		if len(got.problems) != 1 || !strings.Contains(got.problems[0].Hint.String(), test.hint) {
			t.Errorf("problems %v, want %s", got.problems, test.hint)
		}
	}
	h, err := list.Headers(t.Context(), file(t, "l.csv", content), list.Options{})
	if diff := cmp.Diff(map[string][]string{"phone": {"Erreichbar"}}, h.Offered); diff != "" || err == nil {
		t.Errorf("offered, where a quarter of the mails is none (-want +got):\n%s%v", diff, err)
	}
}

func TestANumberOfAnotherCountryThatIsOneAtHomeIsDoubted(t *testing.T) {
	got := read(t, file(t, "l.csv", "phone\n+13615550123\n13615550123\n+8613494000001\n+491713920001\n8613494000002\n"), smsOnly())
	if diff := cmp.Diff([]string{"phone-elsewhere 2 A phone"}, told(got.problems)); diff != "" || got.problems[0].Stops() {
		t.Errorf("problems (-want +got):\n%s%v", diff, got.problems)
	}
	got = read(t, filepath.Join("testdata", "plus-nocountry.csv"), list.Options{})
	if len(got.problems) != 1 || got.problems[0].Code != "phone-elsewhere" {
		t.Errorf("problems %v", got.problems)
	}
}

func TestColumnsOfNothingAreNoColumns(t *testing.T) {
	got := read(t, filepath.Join("testdata", "wide.csv"), list.Options{})
	if len(got.rows) != 1 || len(got.problems) != 0 || len(got.header.Columns) != 2 {
		t.Errorf("%v, %v, %v", got.header.Columns, got.rows, got.problems)
	}
}
