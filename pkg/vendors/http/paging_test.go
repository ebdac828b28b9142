package httpvendor_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"

	"github.com/google/go-cmp/cmp"

	httpvendor "notify/pkg/vendors/http"
)

// keeper is a vendor that keeps lists, by the path at which each is asked for.
type keeper struct {
	lists map[string][]any
	most  int                                             // items on a page, whatever is asked for
	fault func(w http.ResponseWriter, n int) (done bool)  // what becomes of request n, from 1
	page  func(k *keeper, r *http.Request, all []any) any // how it answers
	asked []string
}

// ServeHTTP implements http.Handler.
func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.asked = append(k.asked, r.URL.String())
	all, known := k.lists[r.URL.Path]
	switch {
	case k.fault != nil && k.fault(w, len(k.asked)):
	case r.Header.Get("Authorization") == "":
		w.WriteHeader(http.StatusUnauthorized)
	case !known:
		w.WriteHeader(http.StatusNotFound)
	default:
		b, _ := json.Marshal(k.page(k, r, all))
		_, _ = w.Write(b)
	}
}

func (k *keeper) size(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	return min(n, k.most)
}

// byOffset is how SendGrid pages: limit and offset, and an array.
func byOffset(k *keeper, r *http.Request, all []any) any {
	from, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	from = min(from, len(all))
	return all[from:min(from+k.size(r), len(all))]
}

// byLink is how Mailgun pages: a link to the next page, which stands there behind the last one, too.
func byLink(k *keeper, r *http.Request, all []any) any {
	from := 0
	if q := r.URL.Query(); q.Get("page") == "next" {
		for i, x := range all {
			if x.(map[string]any)["address"] == q.Get("address") {
				from = i + 1
			}
		}
	}
	items, last := all[from:min(from+k.size(r), len(all))], "behind"
	if len(items) > 0 {
		last = items[len(items)-1].(map[string]any)["address"].(string)
	}
	next := fmt.Sprintf("https://api.mailgun.net%s?page=next&address=%s&limit=%s", r.URL.Path, strings.ReplaceAll(last, "@", "%40"), r.URL.Query().Get("limit"))
	return map[string]any{"items": items, "paging": map[string]any{"next": next}}
}

// byCursor is how Resend pages: the id of the last item, and whether there is more.
func byCursor(k *keeper, r *http.Request, all []any) any {
	from := 0
	for i, x := range all {
		if x.(map[string]any)["id"] == r.URL.Query().Get("after") {
			from = i + 1
		}
	}
	to := min(from+k.size(r), len(all))
	return map[string]any{"object": "list", "has_more": to < len(all), "data": all[from:to]}
}

func entries(n int, line func(i int) map[string]any) []any {
	out := []any{}
	for i := range n {
		out = append(out, line(i))
	}
	return out
}

func sendgrids() map[string][]any {
	line := func(name string) func(int) map[string]any {
		return func(i int) map[string]any {
			return map[string]any{"created": 1577836800 + i, "email": fmt.Sprintf("%s-%d@customer.test", name, i), "reason": "550 5.1.1 no such user", "status": "5.1.1"}
		}
	}
	return map[string][]any{
		"/v3/suppression/bounces": entries(1203, line("b")), "/v3/suppression/spam_reports": entries(500, line("s")),
		"/v3/suppression/invalid_emails": {}, "/v3/suppression/unsubscribes": entries(2, line("u")),
	}
}

func mailguns() map[string][]any {
	line := func(name string) func(int) map[string]any {
		return func(i int) map[string]any {
			return map[string]any{"address": fmt.Sprintf("%s-%d@customer.test", name, i), "created_at": "Fri, 21 Oct 2011 11:02:55 UTC"}
		}
	}
	lists := map[string][]any{
		"/v3/mg.example.test/bounces": entries(2500, line("b")), "/v3/mg.example.test/complaints": {}, "/v3/mg.example.test/unsubscribes": entries(3, line("u")),
	}
	for i, tags := range []any{[]any{"*"}, []any{"news"}, []any{"news", "*"}} {
		lists["/v3/mg.example.test/unsubscribes"][i].(map[string]any)["tags"] = tags
	}
	return lists
}

func resends() map[string][]any {
	return map[string][]any{"/suppressions": entries(250, func(i int) map[string]any {
		return map[string]any{
			"id": fmt.Sprintf("id-%d", i), "email": fmt.Sprintf("r-%d@customer.test", i), "origin": []string{"bounce", "complaint", "manual", "new"}[i%4],
			"created_at": "2026-10-06T23:47:56.678Z",
		}
	})}
}

// told reads a vendor's list: how many for each reason, of how many addresses.
func told(t *testing.T, v vendors.Vendor) (counts map[vendors.SuppressedReason]int, addresses int, err error) {
	t.Helper()
	counts, all := map[vendors.SuppressedReason]int{}, map[message.Address]bool{}
	for one, e := range withholds(t, v).Suppressed(t.Context(), time.Time{}) {
		if e != nil {
			return counts, len(all), e
		}
		if one.Since.IsZero() {
			t.Errorf("%+v has no day", one)
		}
		counts[one.Reason]++
		all[one.Address] = true
	}
	return counts, len(all), nil
}

var pagers = []struct {
	name    string
	options map[string]any
	lists   func() map[string][]any
	page    func(*keeper, *http.Request, []any) any
	most    int // of the vendor
	asked   int // requests at that size
	second  int // the request for the second page
	want    map[vendors.SuppressedReason]int
	on      string // what the second request holds
}{
	{
		"sendgrid",
		map[string]any{"api_key": "s3cr3t"},
		sendgrids, byOffset, 500, 4 + 2 + 1 + 2, 2,
		map[vendors.SuppressedReason]int{"hard-bounce": 1203, "complaint": 500, "opt-out": 2},
		"offset=500",
	},
	{
		"mailgun",
		map[string]any{"api_key": "s3cr3t", "domain": "mg.example.test"},
		mailguns, byLink, 1000, 4 + 1 + 2, 2,
		map[vendors.SuppressedReason]int{"hard-bounce": 2500, "opt-out": 2},
		"page=next&address=b-999%40customer.test&limit=1000",
	},
	{
		"resend",
		map[string]any{"api_key": "s3cr3t"},
		resends, byCursor, 100, 3, 2,
		map[vendors.SuppressedReason]int{"hard-bounce": 63, "complaint": 63, "other": 124},
		"after=id-99",
	},
}

func TestVendorsListsAreReadToTheirEndHoweverTheyArePaged(t *testing.T) {
	for _, p := range pagers {
		for _, most := range []int{p.most, 7} { // a vendor that gives less than it was asked for has no less
			t.Run(fmt.Sprintf("%s, %d on a page", p.name, most), func(t *testing.T) {
				k := &keeper{lists: p.lists(), most: most, page: p.page}
				srv := httptest.NewServer(k)
				defer srv.Close()
				got, addresses, err := told(t, shipped(t, p.name, srv.URL, p.options))
				if err != nil {
					t.Fatal(err)
				}
				sum := 0
				for _, n := range p.want {
					sum += n
				}
				if d := cmp.Diff(p.want, got); d != "" || addresses != sum {
					t.Errorf("%d addresses, %s", addresses, d)
				}
				if most == p.most && (len(k.asked) != p.asked || !strings.Contains(k.asked[p.second-1], p.on)) {
					t.Errorf("%d requests: %s", len(k.asked), strings.Join(k.asked, "\n"))
				}
			})
		}
	}
}

func TestAListThatIsCutInTheMidstIsNotTakenForWhole(t *testing.T) {
	cut := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	half := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, `[{"email":"x@customer.test"}`)
		panic(http.ErrAbortHandler)
	}
	status := func(n int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(n) }
	}
	for _, p := range pagers {
		for name, fault := range map[string]func(http.ResponseWriter){
			"cut": cut, "half a page": half, "too fast": status(429), "broken": status(500), "gone": status(404), "elsewhere": status(307),
		} {
			t.Run(p.name+", "+name, func(t *testing.T) {
				k := &keeper{lists: p.lists(), most: p.most, page: p.page, fault: func(w http.ResponseWriter, n int) bool {
					if n < p.second {
						return false
					}
					fault(w)
					return true
				}}
				srv := httptest.NewServer(k)
				defer srv.Close()
				_, n, err := told(t, shipped(t, p.name, srv.URL, p.options))
				if err == nil || n != p.most || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "the message") {
					t.Errorf("%d addresses, %v", n, err)
				}
			})
		}
		t.Run(p.name+", cut once", func(t *testing.T) {
			k := &keeper{lists: p.lists(), most: p.most, page: p.page, fault: func(w http.ResponseWriter, n int) bool {
				if n == p.second {
					cut(w)
				}
				return false
			}}
			srv := httptest.NewServer(k)
			defer srv.Close()
			if got, _, err := told(t, shipped(t, p.name, srv.URL, p.options)); err != nil || !cmp.Equal(p.want, got) || len(k.asked) != p.asked+1 {
				t.Errorf("%v, %v after %d requests", got, err, len(k.asked))
			}
		})
	}
}

func TestAPageThatComesTwiceIsNotAskedForForEver(t *testing.T) {
	for _, p := range pagers {
		first := func(k *keeper, r *http.Request, all []any) any { // it knows no second page, and says that there is one
			q := r.URL.Query()
			for _, name := range []string{"page", "address", "after", "offset"} {
				q.Del(name)
			}
			r.URL.RawQuery = q.Encode()
			return p.page(k, r, all)
		}
		k := &keeper{lists: p.lists(), most: p.most, page: first}
		srv := httptest.NewServer(k)
		defer srv.Close()
		if _, n, err := told(t, shipped(t, p.name, srv.URL, p.options)); err == nil || !strings.Contains(err.Error(), "the same page once more") || len(k.asked) != 2 || n != p.most {
			t.Errorf("%s: %d addresses, %v after %d requests", p.name, n, err, len(k.asked))
		}
	}
}

// links is a file whose list is linked from page to page, and whose requests are signed over what is asked.
const links = head + `endpoint: https://api.vendor.test/base
steps: {signed: "{{ request.path + ' ' + canonical(request.query) }}"}
send: {path: /s, form: {to: "{{ to }}", text: "{{ text }}"}}
suppressed: {path: /list, query: {size: "2"}, headers: {X-Signed: "{{ step.signed }}"}, ok: status == 200, list: body.items, link: body.next, address: item}
`

func TestALinkIsFollowedAtTheAddressOfTheAccountOnly(t *testing.T) {
	for said, want := range map[string]string{
		"https://api.vendor.test/base/list?size=2&after=b": "/proxy/list?size=2&after=b", // as without the proxy
		"https://elsewhere.test/list?after=b%2Fc":          "/proxy/list?after=b%2Fc",
		"SELF/proxy/list?after=b":                          "/proxy/list?after=b",
		"/proxy/list?after=b":                              "/proxy/list?after=b",
		"?after=b":                                         "/proxy/list?after=b",
		"":                                                 "",
		"mailto:b@customer.test":                           "!",
		"http://[::1":                                      "!",
	} {
		var asked, signed []string
		var srv *httptest.Server
		srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked, signed = append(asked, r.URL.String()), append(signed, r.Header.Get("X-Signed"))
			items, next := []string{"a@customer.test"}, strings.Replace(said, "SELF", srv.URL, 1)
			if len(asked) > 1 {
				items, next = []string{"c@customer.test"}, ""
			}
			b, _ := json.Marshal(map[string]any{"items": items, "next": next})
			_, _ = w.Write(b)
		}))
		defer srv.Close()
		n, failed := 0, false
		for _, err := range withholds(t, vendorOn(t, links, srv.URL+"/proxy", nil)).Suppressed(t.Context(), time.Time{}) {
			if err != nil {
				failed = true
				continue
			}
			n++
		}
		wantAsked := []string{"/proxy/list?size=2"}
		if want != "" && want != "!" {
			wantAsked = append(wantAsked, want)
		}
		if !slices.Equal(wantAsked, asked) || n != len(wantAsked) || failed != (want == "!") {
			t.Errorf("%s: asked %q, %d addresses, failed %t", said, asked, n, failed)
		}
		for i, s := range signed {
			if path, query, _ := strings.Cut(asked[i], "?"); s != path+" "+query && !strings.Contains(query, "&") {
				t.Errorf("%s is signed as %s", asked[i], s)
			}
		}
	}
}

func TestAListThatComesAllAtOnceMayBeLong(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"Suppressions":[`)
	const n = 30_000
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"EmailAddress":"p-%d@customer.test","SuppressionReason":"HardBounce","Origin":"Recipient","CreatedAt":"2019-12-10T08:58:33-05:00"}`, i)
	}
	b.WriteString(`]}`)
	srv, _ := record(t, 200, b.String())
	got, addresses, err := told(t, shipped(t, "postmark", srv.URL, map[string]any{"server_token": "s3cr3t"}))
	if err != nil || addresses != n || got[vendors.SuppressedBounce] != n {
		t.Errorf("%d addresses of %d bytes, %v", addresses, b.Len(), err)
	}
}

func TestWhatASuppressionFileLacksForItsPagesIsTold(t *testing.T) {
	const file = `suppressed:
  - path: /a
    ok: status == 200
    list: body.items
    address: item
  - path: /b
    query: {q: "{{ offset }}"}
    ok: status == 200
    list: body.items
    more: body.more
    address: item
`
	for _, tt := range []struct {
		name, old, new, key, summary, hint string
	}{
		{"an offset without an end", "    more: body.more\n", "", "suppressed[2].more", "pages", "more:"},
		{"an end and no page", "{{ offset }}", "x", "suppressed[2].more", "pages", "{{ page }}"},
		{"a next page that is not asked for", "more: body.more", "more: body.more\n    next: body.next", "suppressed[2].next", "belong together", "{{ next }}"},
		{"a next page that is not named", "{{ offset }}", "{{ next }}", "suppressed[2].next", "belong together", "next:"},
		{"two next pages", "more: body.more", "next: body.next\n    link: body.link", "suppressed[2].link", "in two ways", "keep"},
		{"a key of no list", "    address: item\n  - path: /b", "    addresses: item\n  - path: /b", "suppressed[1].addresses", "not known", "address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := firstProblem(t, httpvendor.Load("v.yaml", []byte(good+strings.Replace(file, tt.old, tt.new, 1))), tt.key)
			if !strings.Contains(p.Summary.String(), tt.summary) || !strings.Contains(p.Hint.String(), tt.hint) {
				t.Errorf("%v", p)
			}
		})
	}
	if err := httpvendor.Load("v.yaml", []byte(good+file)); err != nil {
		t.Error(err)
	}
}
