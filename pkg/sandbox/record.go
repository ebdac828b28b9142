package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"sort"
	"sync"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// line is one line of the record: a message that was read whole, or a credit.
type line struct {
	Time     time.Time       `json:"time"`
	Channel  message.Channel `json:"channel"`
	To       message.Address `json:"to,omitempty"`
	Ref      string          `json:"ref,omitempty"`
	Hash     string          `json:"hash,omitempty"` // of the text, 64 bits in hexadecimal
	Out      string          `json:"outcome"`
	ID       string          `json:"id,omitempty"`
	Segments int             `json:"segments,omitempty"`
	Receipt  string          `json:"receipt,omitempty"` // how it ended, where receipts are pushed
	Listed   bool            `json:"listed,omitempty"`  // the vendor whose way it came is asked for it by number
	text     string
	// Of a credit.
	Messages int64          `json:"messages,omitempty"`
	Quota    int64          `json:"quota,omitempty"`
	Balance  *message.Money `json:"balance,omitempty"`
}

// Tally is what reached the sandbox.
type Tally struct {
	SMS  Count `json:"sms"`
	Mail Count `json:"email"`
	// Pushed is what became of receipts, where they are pushed.
	Pushed *Pushed `json:"pushed,omitempty"`
}

// Count is what reached the sandbox on one channel. Messages are reached once they were taken, also where the answer was lost.
type Count struct {
	Reached    int            `json:"reached"`    // messages taken
	Unanswered int            `json:"unanswered"` // of these: without a proper answer
	Segments   int            `json:"segments"`
	Distinct   int            `json:"distinct"`             // addresses reached
	Twice      int            `json:"twice"`                // of these: more than once
	TwiceList  []string       `json:"twice_list,omitempty"` // masked, sorted, the first 100
	Repeats    int            `json:"repeats"`              // messages whose key had been taken before
	Turned     map[string]int `json:"turned,omitempty"`     // messages not taken, by the record's word for why
	// Of the messages taken, where receipts are pushed: how they ended.
	Delivered   int `json:"delivered,omitempty"`
	Undelivered int `json:"undelivered,omitempty"`
}

func sortedKeys(m map[string]struct{}) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// record is the file, opened for appending. Lines reach the system before write returns; they survive the end of the
// process, though not a loss of power: a rehearsal does not need that.
type record struct {
	mu   sync.Mutex
	file *os.File // nil: no file
	buf  bytes.Buffer
}

// openRecord reads what the file holds already, gives each line to replay, and opens it for more. A last line that was not
// finished when the process was killed belongs to a message that was not answered; it is cut off.
func openRecord(path string, replay func(*line)) (*record, error) {
	if path == "" {
		return &record{}, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, words.Wrap(err, "sandbox.record-open", words.A{"file": path})
	}
	whole, err := readLines(f, replay)
	if err == nil {
		err = f.Truncate(whole)
	}
	if err != nil {
		return nil, errors.Join(words.Wrap(err, "sandbox.record-read", words.A{"file": path}), f.Close())
	}
	return &record{file: f}, nil
}

// readLines gives each whole line to each, and returns how many bytes they have.
func readLines(r io.Reader, each func(*line)) (whole int64, err error) {
	b := bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		text, err := b.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return whole, words.Wrap(err, "sandbox.record-line", words.A{"line": n})
		}
		each(&l)
		whole += int64(len(text))
	}
}

func (r *record) write(l *line) error {
	if r.file == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buf.Reset()
	if err := json.NewEncoder(&r.buf).Encode(l); err != nil {
		return words.Wrap(err, "sandbox.record-write", nil)
	}
	if _, err := r.file.Write(r.buf.Bytes()); err != nil {
		return words.Wrap(err, "sandbox.record-write", nil)
	}
	return nil
}

func (r *record) close() error {
	if r == nil || r.file == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return words.Wrap(err, "sandbox.record-write", nil)
	}
	return nil
}

// ReadRecord counts what stands in a record file, also while a sandbox writes it.
func ReadRecord(path string) (Tally, error) {
	f, err := os.Open(path)
	if err != nil {
		return Tally{}, words.Wrap(err, "sandbox.record-open", words.A{"file": path})
	}
	defer func() { _ = f.Close() }()
	counters := map[message.Channel]*counter{}
	for _, ch := range []message.Channel{message.SMS, message.Email} {
		c := newCounter()
		counters[ch] = &c
	}
	_, err = readLines(f, func(l *line) {
		if c, ok := counters[l.Channel]; ok && l.Out != outTopup {
			c.add(l)
		}
	})
	if err != nil {
		return Tally{}, words.Wrap(err, "sandbox.record-read", words.A{"file": path})
	}
	return Tally{SMS: counters[message.SMS].tally(), Mail: counters[message.Email].tally()}, nil
}
