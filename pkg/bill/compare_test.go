package bill_test

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"notify/pkg/bill"
	"notify/pkg/channel"
	"notify/pkg/message"
)

const price = message.Money(45_000)

// month is 200 messages on ten days of November: every fifth has two segments.
func month() []bill.Ours {
	var all []bill.Ours
	for i := range 200 {
		all = append(all, bill.Ours{
			Campaign: "award", Key: message.Key(fmt.Sprintf("k%d", i)), VendorID: fmt.Sprintf("id%d", i), Channel: message.SMS,
			To: message.Address(fmt.Sprintf("+8613490000%03d", i)), At: time.Date(2026, 11, 1+i/20, 9, i%20, 0, 0, shanghai()),
			Segments: 1 + int64((i%5)/4), Price: price,
		})
	}
	return all
}

func shanghai() *time.Location { return time.FixedZone("CST", 8*3600) }

// row is a line of an export.
func row(o bill.Ours) []string {
	return []string{o.VendorID, string(o.To), o.At.Format(time.DateTime), fmt.Sprint(o.Segments), o.Price.Times(int(o.Segments)).String()}
}

func rows(all []bill.Ours) [][]string {
	out := [][]string{{"id", "phone", "time", "segments", "price"}}
	for _, o := range all {
		out = append(out, row(o))
	}
	return out
}

// days is the bill for messages, by day.
func days(all []bill.Ours, times int64) [][]string {
	out := [][]string{{"account of November"}, {"day", "type", "segments", "unit_price", "amount"}}
	for d := range 10 {
		sum := int64(0)
		for _, o := range all {
			if o.At.Day() == d+1 {
				sum += times * o.Segments
			}
		}
		out = append(out, []string{fmt.Sprintf("2026-11-%02d", d+1), "sms", fmt.Sprint(sum), "0.045", price.Times(int(sum)).String()})
	}
	return append(out, []string{"2026-11-01", "cloud disk", "3", "1", "3"}, []string{"total", "", "", "", "100"})
}

func csv(t *testing.T, table [][]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bill.csv")
	var b strings.Builder
	for _, r := range table {
		b.WriteString(strings.Join(r, ",") + "\n")
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func xlsx(t *testing.T, table [][]string) string {
	t.Helper()
	f := excelize.NewFile()
	for i, r := range table {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "bill.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// zipped packs a table in two files.
func zipped(t *testing.T, table [][]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bill.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	half := len(table) / 2
	for name, part := range map[string][][]string{"1.csv": table[:half], "2.csv": append([][]string{header(table)}, table[half:]...)} {
		b, err := os.ReadFile(csv(t, part))
		if err != nil {
			t.Fatal(err)
		}
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func header(table [][]string) []string {
	for _, r := range table {
		if len(r) > 1 {
			return r
		}
	}
	return nil
}

func compared(t *testing.T, ours []bill.Ours, path string) *bill.Result {
	t.Helper()
	m, err := bill.LoadMapping("generic", "")
	if err != nil {
		t.Fatal(err)
	}
	told, err := (&bill.Reading{Mapping: m, Channels: channel.Builtin(), Country: "CN"}).Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return bill.Compare(ours, told, time.Date(2026, 11, 1, 0, 0, 0, 0, shanghai()))
}

func found(r *bill.Result) map[bill.Kind]int {
	kinds := make(map[bill.Kind]int)
	for _, d := range r.Differences {
		kinds[d.Kind]++
	}
	return kinds
}

func TestSevenDifferencesInAnExportAreTheSevenAndNothingElse(t *testing.T) {
	ours := month()
	ours[199].Unknown = true // and not with them: that is no difference
	table := rows(ours[:199])
	table = append(table[:11], table[12:]...)                                                       // 1: ours[10] is not with them
	table = append(table[:20], table[21:]...)                                                       // 2: nor is ours[20]
	table[31][3], table[31][4] = "2", "0.09"                                                        // 3: two segments for one
	table[41][4] = "0.05"                                                                           // 4: another price
	table[51][4] = ""                                                                               // late: no difference
	table[61][0] = ""                                                                               // without an id: known by address and time
	table = append(table, table[70])                                                                // 5: billed twice
	table = append(table, []string{"other", "+8613490009999", "2026-11-05 10:00:00", "1", "0.045"}) // 6: never sent by us
	table = append(table, []string{"", "+8613490000003", "2026-11-20 10:00:00", "1", "0.045"})      // 7: to somebody of ours, on another day
	want := map[bill.Kind]int{bill.OnlyOurs: 2, bill.OnlyTheirs: 3, bill.Segments: 1, bill.Price: 1}
	for name, write := range map[string]func(*testing.T, [][]string) string{"csv": csv, "xlsx": xlsx, "zip": zipped} {
		t.Run(name, func(t *testing.T) {
			r := compared(t, ours, write(t, table))
			if diff := cmp.Diff(want, found(r)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if r.Level != "line" || r.Late != 1 || r.Doubtful != 1 || r.Ours.Messages != 199 || r.Theirs.Messages != 200 {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// An export may hold more than the month; and who was forgotten meanwhile is known by the vendor's id.
func TestRowsOfOtherMonthsAndOfTheForgottenAreNoDifference(t *testing.T) {
	ours := month()
	table := rows(ours)
	table = append(table, []string{"later", "+8613490009999", "2026-12-01 00:00:01", "1", "0.045"}, []string{"", "+8613490000003", "2026-10-31 23:59:59", "1", "0.045"})
	ours[7].To = message.ForgottenMark + "x"
	if r := compared(t, ours, csv(t, table)); len(r.Differences) > 0 || r.Elsewhere != 2 || r.Theirs.Messages != r.Ours.Messages {
		t.Errorf("%+v", r)
	}
	bills := append(days(ours, 1), []string{"2026-12-01", "sms", "7", "0.045", "0.315"})
	if r := compared(t, ours, csv(t, bills)); len(r.Differences) > 0 || r.Elsewhere != 1 || r.Theirs.Segments != r.Ours.Segments {
		t.Errorf("%+v", r)
	}
}

func TestSevenDifferencesInABillAreTheSevenAndNothingElse(t *testing.T) {
	ours := month()
	table := days(ours, 1)
	table = append(table[:2], table[3:]...)                                      // 1: the first day is not billed
	table[2][2], table[2][4] = "25", "1.125"                                     // 2: more segments
	table[3][2], table[3][4] = "23", "1.035"                                     // 3: fewer
	table[4][3], table[4][4] = "0.05", "1.20"                                    // 4: another price
	table[5][4] = "9.99"                                                         // 5: another amount for the same segments and price
	table[6][4] = ""                                                             // late: no difference
	table = append(table, []string{"2026-11-21", "sms", "7", "0.045", "0.315"})  // 6: a day on which nothing left
	table = append(table, []string{"2026-11-08", "mail", "3", "0.001", "0.003"}) // 7: a channel on which nothing left
	want := map[bill.Kind]int{bill.OnlyOurs: 1, bill.OnlyTheirs: 2, bill.Segments: 2, bill.Price: 2}
	for name, write := range map[string]func(*testing.T, [][]string) string{"csv": csv, "xlsx": xlsx, "zip": zipped} {
		t.Run(name, func(t *testing.T) {
			r := compared(t, ours, write(t, table))
			if diff := cmp.Diff(want, found(r)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if r.Level != "bill" || r.Late != 1 || r.Times != 0 {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestWhatAgreesHasNoDifference(t *testing.T) {
	ours := month()
	for name, table := range map[string][][]string{"line": rows(ours), "bill": days(ours, 1)} {
		r := compared(t, ours, csv(t, table))
		if len(r.Differences) > 0 || r.Ours.Segments != r.Theirs.Segments || *r.Ours.Cost != *r.Theirs.Cost {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestAMonthOfDoubledSegmentsIsExplained(t *testing.T) {
	ours := month()
	doubled := rows(ours)
	for i, o := range ours {
		doubled[i+1][3], doubled[i+1][4] = fmt.Sprint(2*o.Segments), o.Price.Times(int(2*o.Segments)).String()
	}
	for name, table := range map[string][][]string{"line": doubled, "bill": days(ours, 2)} {
		r := compared(t, ours, csv(t, table))
		if kinds := found(r); r.Times != 2 || kinds[bill.Segments] == 0 || len(kinds) != 1 {
			t.Errorf("%s: times %d, %v", name, r.Times, kinds)
		}
	}
}

func TestTwoCurrenciesInAFileAreRefused(t *testing.T) {
	m, err := bill.LoadMapping("generic", "")
	if err != nil {
		t.Fatal(err)
	}
	path := csv(t, [][]string{{"day", "segments", "amount", "currency"}, {"2026-11-01", "1", "1", "CNY"}, {"2026-11-02", "1", "1", "USD"}})
	if _, err := (&bill.Reading{Mapping: m, Channels: channel.Builtin()}).Read(path); err == nil || !strings.Contains(err.Error(), "USD") {
		t.Errorf("got %v", err)
	}
}

func TestEveryShippedMappingReadsBothLevels(t *testing.T) {
	for _, name := range bill.Shipped() {
		m, err := bill.LoadMapping(name, "")
		if err != nil {
			t.Fatal(err)
		}
		head := func(fields map[string][]string, names ...string) []string {
			var out []string
			for _, n := range names {
				out = append(out, fields[n][0])
			}
			return out
		}
		r := bill.Reading{Mapping: m, Channels: channel.Builtin(), Country: "CN"}
		told, err := r.Read(csv(t, [][]string{head(m.Line, "id", "to", "at", "segments", "price"), {"i", "+8613490000001", "2026-11-01 09:00:00", "2", "0.09"}}))
		if err != nil || len(told.Lines) != 1 || told.Lines[0].Segments != 2 || told.Lines[0].At.IsZero() || *told.Lines[0].Price != 90_000 {
			t.Errorf("%s: %+v, %v", name, told, err)
		}
		told, err = r.Read(csv(t, [][]string{head(m.Bill, "day", "type", "segments", "amount"), {"2026-11-01", m.Types[message.SMS][0], "2", "0.09"}}))
		if err != nil || len(told.Items) != 1 || told.Items[0].Channel != message.SMS || *told.Items[0].Amount != 90_000 {
			t.Errorf("%s: %+v, %v", name, told, err)
		}
	}
}

// Tables with the headers that vendors document, or write: see the mappings.
func TestTheHeadersOfVendorsAreRead(t *testing.T) {
	read := func(mapping string, rows ...[]string) *bill.Told {
		t.Helper()
		m, err := bill.LoadMapping(mapping, "")
		if err != nil {
			t.Fatal(err)
		}
		told, err := (&bill.Reading{Mapping: m, Channels: channel.Builtin(), Country: "CN"}).Read(csv(t, rows))
		if err != nil {
			t.Fatalf("%s: %v", mapping, err)
		}
		return told
	}
	item := func(mapping, day string, segments int64, amount message.Money, rows ...[]string) {
		t.Helper()
		told := read(mapping, rows...)
		if len(told.Items) != 1 || told.Items[0].Day != day || told.Items[0].Segments != segments || *told.Items[0].Amount != amount {
			t.Errorf("%s: %+v", mapping, told.Items)
		}
	}
	item("aliyun", "2020-11-20", 300, 13_500_000,
		strings.Split("标识信息/账单明细ID,账单信息/账单月份,账单信息/账单日期,账单信息/消费时间,产品信息/产品名称,产品信息/计费项名称,定价信息/官网目录价,用量信息/抵扣前用量,用量信息/用量,费用信息/目录总价,应付信息/应付金额（含税）,定价信息/定价币种", ","),
		strings.Split("1,202011,20201120,2020-11-20 10:00:00,短信服务,国内短信,0.045,300,300,13.5,13.5,CNY", ","))
	item("tencent", "2020-11-20", 300, 13_500_000,
		strings.Split("产品名称,子产品名称,扣费时间,开始使用时间,结束使用时间,组件类型,组件名称,组件刊例价,组件单价,组件用量,组件用量单位,优惠后总价", ","),
		strings.Split("短信,短信,2020-11-21 03:00:00,2020-11-20 00:00:00,2020-11-20 23:59:59,短信,国内短信,0.05,0.045,300,条,13.5", ","))
	// Usage is told three times over, by categories that hold each other: it is counted once.
	item("twilio", "2020-11-20", 300, 2_370_000,
		strings.Split("category,description,start_date,end_date,count,count_unit,usage,usage_unit,price,price_unit", ","),
		strings.Split("sms,SMS,2020-11-20,2020-11-20,280,messages,310,segments,2.44,usd", ","),
		strings.Split("sms-outbound,Outbound SMS,2020-11-20,2020-11-20,270,messages,300,segments,2.37,usd", ","),
		strings.Split("sms-outbound-longcode,Outbound Longcode SMS,2020-11-20,2020-11-20,270,messages,300,segments,2.37,usd", ","))
	told := read("twilio",
		strings.Split("From,To,Body,Status,SentDate,ApiVersion,NumSegments,ErrorCode,AccountSid,Sid,Direction,Price,PriceUnit", ","),
		strings.Split("+12025550100,+8613490000001,Hello,delivered,2020-11-20T09:00:00Z,2010-04-01,2,,AC1,SM1,outbound-api,-0.0158,USD", ","))
	if len(told.Lines) != 1 || told.Lines[0].ID != "SM1" || told.Lines[0].Segments != 2 || *told.Lines[0].Price != 15_800 || told.Lines[0].At.IsZero() {
		t.Errorf("%+v", told.Lines)
	}
}
