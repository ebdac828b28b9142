package list

import (
	"slices"
	"strings"
	"unicode"
)

// How a header is recognised: one of the names that a role has (those of addresses are their channels', those of the person stand
// here), alone or with words around it that do not change whose it is. Only whole headers count: a "紧急联系人电话" is somebody else's
// number, and a "办公电话" stands on a desk.

// personHeaders are the names of what says who somebody is, as headerForm writes them.
func personHeaders() map[role][]string {
	return map[role][]string{
		roleName: {
			"姓名", "名字", "真实姓名", "中文姓名", "中文名", "获奖人", "获奖者", "收件人", "name", "fullname", "displayname", "employeename", "customername", "studentname", "membername",
			"氏名", "お名前", "名前", "성명", "이름",
		},
		roleKey: {
			"工号", "编号", "员工号", "员工编号", "人员编号", "学号", "会员号", "会员编号", "客户编号", "客户号", "用户编号", "工號", "編號", "學號", "員工編號", "id", "key", "no",
			"employeeid", "employeeno", "employeenumber", "staffid", "staffno", "studentid", "studentno", "userid", "customerid", "customerno", "memberid", "memberno", "社員番号", "사번",
		},
	}
}

// owners may stand before a name without making it somebody else's.
func owners() []string {
	return []string{
		"联系", "常用", "个人", "私人", "本人", "员工", "职工", "学员", "学生", "客户", "用户", "会员", "获奖人", "获奖者", "收件人", "接收", "登记", "注册", "绑定", "预留", "有效", "聯絡", "個人", "員工", "客戶", "用戶", "會員",
		"personal", "private", "primary", "preferred", "main", "contact", "employee", "staff", "student", "customer", "client", "user", "member", "recipient", "winner", "subscriber", "my", "your",
	}
}

// places may stand before the name of a mail address, and of a phone that is carried about.
func places() []string {
	return []string{"公司", "企业", "单位", "工作", "办公", "學校", "学校", "公務", "work", "business", "company", "corporate", "office", "school"}
}

// remarks may stand beside a name: what it looks like, and that it has to be there.
func remarks() []string {
	return []string{
		"11", "位", "必填", "选填", "必须", "可选", "11位", "十一位", "数字", "纯数字", "文本格式", "文本", "国内", "大陆", "中国", "接收短信", "用于接收短信", "required", "optional", "mandatory", "mainland", "china", "cn", "number", "no", "num", "address",
		"1", "value", "primary", "e", // the "e" of e-mail
	}
}

// recognise is the role of a header, also of one in two languages ("手机号 Mobile").
func (r *roles) recognise(header string) role {
	if known := r.named(headerForm(header)); known != roleNone {
		return known
	}
	found := roleNone
	for _, part := range headerParts(header) {
		one := r.named(part)
		switch {
		case one != roleNone && (found == roleNone || one == found):
			found = one
		case slices.Contains(remarks(), part) || slices.Contains(owners(), part):
		case slices.Contains(places(), part) && r.carried(header):
		default:
			return roleNone
		}
	}
	return found
}

// named is the role of a name with owners before it: "员工手机号", "workemail".
func (r *roles) named(form string) role {
	if known, ok := r.aliases[form]; ok {
		return known
	}
	for _, words := range [][]string{owners(), places()} {
		for _, word := range words {
			rest, ok := strings.CutPrefix(form, word)
			if !ok || rest == "" {
				continue
			}
			if known := r.named(rest); r.isAddress(known) && (!slices.Contains(places(), word) || r.carried(form)) || known == roleName && isHan(word) {
				return known
			}
		}
	}
	return roleNone
}

// carried reports a header of what goes with its owner wherever he is: a mobile, a mailbox.
func (r *roles) carried(header string) bool {
	form := headerForm(header)
	return slices.ContainsFunc([]string{"手机", "手機", "移动", "行動", "流動", "携帯", "mobile", "cell", "mail", "邮", "郵", "信箱"}, func(s string) bool { return strings.Contains(form, s) })
}

func isHan(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}
