// Package list owns the operator's file of people: it reads a spreadsheet or a CSV into recipients and row problems, as a
// stream. What a row's text will be is not its business.
//
// A workbook is read part by part, straight from the zip file and never unpacked to disk. The cells are read by
// encoding/xml (see sheetSource for why), the numbers are shown by package numfmt.
package list

import (
	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/message"
)

// Options say how a file is to be read.
type Options struct {
	Sheet   string            // empty: the first
	Columns map[string]string // what notify needs → header; the rest is recognised
	Country string            // ISO 3166 alpha-2, for phone numbers without a country code; empty means CN
	// Encoding is that of a text file; empty finds it out.
	Encoding string
	// Channels are those whose addresses are read.
	Channels channel.Set
	// Need are the channels for which every row must have an address.
	Need []message.Channel
	// MaxRows refuses absurd files; 0 means DefaultMaxRows.
	MaxRows int
	// TempDir is where a large spreadsheet spills; empty means the system's.
	TempDir string

	roles  *roles
	survey bool // look at the cells, whatever the headers say
}

// DefaultMaxRows is what a spreadsheet can hold, and more than a CSV should.
const DefaultMaxRows = 100_000_000

// Row is one recipient.
type Row struct {
	Number int    // 1-based row in the file
	Key    string // the recipient's key; the address where the file has no key column
	Name   string
	// To are the row's addresses, in the order of the channels. The slice is reused: copy what you keep.
	To []Reach
	// Values are the cells as they are shown, trimmed, in the order of Columns. The slice is reused: copy what you keep.
	Values []string
	Hidden bool // the spreadsheet hides this row; it is sent to all the same, and reported
}

// Reach is where somebody is reached on a channel.
type Reach struct {
	Channel message.Channel
	Address message.Address
}

// Address is the row's address on a channel; empty where it has none.
func (r *Row) Address(ch message.Channel) message.Address {
	for _, to := range r.To {
		if to.Channel == ch {
			return to.Address
		}
	}
	return ""
}

// Header is what a file says about itself before its first row.
type Header struct {
	File    string
	Sheet   string   // empty for CSV
	Sheets  []string // all sheets, in order
	Row     int      // 1-based row in which the headers stand
	Columns []string // headers, in order, unique and not empty
	// Mapped is which header serves as key, as name, and as the address of a channel (channel.Entry.Column).
	Mapped map[string]string
	// Offered are columns that no header tells, and that hold a channel's addresses by their cells; they are looked for where a
	// channel has no column. Competing are columns of which each could serve as the same thing.
	Offered, Competing map[string][]string
	// Encoding and Comma are what a CSV turned out to be ("utf-8", "utf-8-bom", "gb18030", "utf-16le", …); empty for a sheet.
	Encoding string
	Comma    string
}

// Reader streams a file. It is not safe for concurrent use.
type Reader interface {
	Header() Header
	// Next fills row with the next recipient and reports problems of rows into problems; rows with problems are returned
	// as well as they could be read. It returns io.EOF after the last one. Rows that are empty are passed over.
	Next(row *Row, problems *diag.List) error
	// Use says which columns the texts fill in, by header. A number whose digits are gone, and one that cannot be shown for sure,
	// matters there, and where the column serves as key, name or address. Until it is called every column counts as used.
	Use(columns []string)
	// Close frees temporary files.
	Close() error
}
