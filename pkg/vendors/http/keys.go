package httpvendor

import (
	"strings"

	"notify/pkg/words"
)

// Key is a key of a vendor file, and what it means. An asterisk stands for a name that the file chooses.
type Key struct {
	Path  string     `json:"path"`
	About words.Text `json:"about"`
}

// Keys are all keys of a vendor file, in the order in which they are explained.
func Keys() []Key {
	keys := []Key{
		{"name", words.T("vendor.key.name", nil)},
		{"about", words.T("vendor.key.about", nil)},
		{"channels", words.T("vendor.key.channels", nil)},
		{"endpoint", words.T("vendor.key.endpoint", nil)},
		{"options.*.secret", words.T("vendor.key.option-secret", nil)},
		{"options.*.required", words.T("vendor.key.option-required", nil)},
		{"options.*.default", words.T("vendor.key.option-default", nil)},
		{"options.*.about", words.T("vendor.key.option-about", nil)},
		{"limits.concurrency", words.T("vendor.key.concurrency", nil)},
		{"limits.min_timeout", words.T("vendor.key.min-timeout", nil)},
		{"steps.*", words.T("vendor.key.step", nil)},
		{"auth.basic.user", words.T("vendor.key.basic-user", nil)},
		{"auth.basic.password", words.T("vendor.key.basic-password", nil)},
		{"auth.bearer", words.T("vendor.key.bearer", nil)},
	}
	keys = append(keys, questionKeys("token",
		Key{"value", words.T("vendor.key.token-value", nil)},
		Key{"expires", words.T("vendor.key.token-expires", nil)},
		Key{"keep", words.T("vendor.key.token-keep", nil)},
		Key{"stale", words.T("vendor.key.token-stale", nil)})...)
	keys = append(keys, below("send", append(requestKeys(), Key{"get_only", words.T("vendor.key.get-only", nil)}))...)
	keys = append(keys, answerKeys()...)
	keys = append(keys, questionKeys("balance",
		Key{"amount", words.T("vendor.key.amount", nil)},
		Key{"currency", words.T("vendor.key.currency", nil)},
		Key{"messages", words.T("vendor.key.messages", nil)},
		Key{"quota", words.T("vendor.key.quota", nil)},
		Key{"used", words.T("vendor.key.used", nil)})...)
	keys = append(keys, questionKeys("find",
		Key{"found", words.T("vendor.key.found", nil)},
		Key{"id", words.T("vendor.key.found-id", nil)},
		Key{"receipt", words.T("vendor.key.receipt", nil)},
		Key{"receipts.delivered", words.T("vendor.key.delivered", nil)},
		Key{"receipts.undelivered", words.T("vendor.key.undelivered", nil)},
		Key{"receipts.waiting", words.T("vendor.key.waiting", nil)},
		Key{"not_found.final", words.T("vendor.key.final", nil)},
		Key{"not_found.after", words.T("vendor.key.final-after", nil)},
		Key{"not_found.source", words.T("vendor.key.source", nil)})...)
	keys = append(keys, questionKeys("probe")...)
	for _, list := range []string{"templates", "signatures"} {
		keys = append(keys, questionKeys(list, listingKeys()...)...)
	}
	keys = append(keys, questionKeys("suppressed", append(pageKeys(),
		Key{"address", words.T("vendor.key.suppressed-address", nil)},
		Key{"reason", words.T("vendor.key.suppressed-reason", nil)},
		Key{"reasons.hard-bounce", words.T("vendor.key.suppressed-reasons", nil)},
		Key{"reasons.complaint", words.T("vendor.key.suppressed-reasons", nil)},
		Key{"reasons.opt-out", words.T("vendor.key.suppressed-reasons", nil)},
		Key{"reasons.other", words.T("vendor.key.suppressed-reasons", nil)},
		Key{"since", words.T("vendor.key.suppressed-since", nil)})...)...)
	return append(keys, Key{"receipts", words.T("vendor.key.receipts", nil)})
}

func below(path string, keys []Key) []Key {
	out := make([]Key, 0, len(keys))
	for _, k := range keys {
		out = append(out, Key{join(path, k.Path), k.About})
	}
	return out
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

// requestKeys are those of every request.
func requestKeys() []Key {
	return []Key{
		{"method", words.T("vendor.key.method", nil)},
		{"endpoint", words.T("vendor.key.own-endpoint", nil)},
		{"path", words.T("vendor.key.path", nil)},
		{"query.*", words.T("vendor.key.query", nil)},
		{"headers.*", words.T("vendor.key.headers", nil)},
		{"json", words.T("vendor.key.json", nil)},
		{"form.*", words.T("vendor.key.form", nil)},
		{"multipart.*", words.T("vendor.key.multipart", nil)},
		{"xml", words.T("vendor.key.xml", nil)},
		{"raw", words.T("vendor.key.raw", nil)},
		{"charset", words.T("vendor.key.charset", nil)},
	}
}

// questionKeys are those of a request that carries no message, and what is read from its answer.
func questionKeys(path string, more ...Key) []Key {
	keys := append(requestKeys(), Key{"ok", words.T("vendor.key.ok", nil)},
		Key{"format", words.T("vendor.key.own-format", nil)}, Key{"separator", words.T("vendor.key.separator", nil)})
	return below(path, append(keys, more...))
}

func answerKeys() []Key {
	return append(below("answer", []Key{
		{"format", words.T("vendor.key.format", nil)},
		{"charset", words.T("vendor.key.answer-charset", nil)},
		{"separator", words.T("vendor.key.separator", nil)},
		{"until_close", words.T("vendor.key.until-close", nil)},
		{"accepted", words.T("vendor.key.accepted", nil)},
		{"code", words.T("vendor.key.answer-code", nil)},
		{"id", words.T("vendor.key.id", nil)},
		{"message", words.T("vendor.key.message", nil)},
		{"segments", words.T("vendor.key.segments", nil)},
		{"retry_after", words.T("vendor.key.retry-after", nil)},
	}), below("codes", []Key{
		{"code", words.T("vendor.key.code", nil)},
		{"status", words.T("vendor.key.status", nil)},
		{"outcome", words.T("vendor.key.outcome", nil)},
		{"reason", words.T("vendor.key.reason", nil)},
		{"source", words.T("vendor.key.source", nil)},
	})...)
}

// pageKeys are those of a list that may come in pages.
func pageKeys() []Key {
	return []Key{
		{"list", words.T("vendor.key.list", nil)},
		{"more", words.T("vendor.key.more", nil)},
		{"next", words.T("vendor.key.next", nil)},
		{"link", words.T("vendor.key.link", nil)},
	}
}

func listingKeys() []Key {
	return append(pageKeys(),
		Key{"code", words.T("vendor.key.item-code", nil)},
		Key{"state", words.T("vendor.key.state", nil)},
		Key{"states.approved", words.T("vendor.key.approved", nil)},
		Key{"states.pending", words.T("vendor.key.pending", nil)},
		Key{"states.rejected", words.T("vendor.key.rejected", nil)},
		Key{"text", words.T("vendor.key.item-text", nil)},
		Key{"reason", words.T("vendor.key.item-reason", nil)})
}

// aboutKey finds what a key of a file means.
func aboutKey(path string) words.Text {
	parts := strings.Split(path, ".")
	for _, k := range Keys() {
		pattern := strings.Split(k.Path, ".")
		match := len(parts) >= len(pattern)
		for i := 0; match && i < len(pattern); i++ {
			match = pattern[i] == "*" || pattern[i] == parts[i]
		}
		last := pattern[len(pattern)-1]
		if match && (len(parts) == len(pattern) || last == "json" || last == "*") {
			return k.About
		}
	}
	return words.Text{}
}
