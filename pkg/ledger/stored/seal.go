package stored

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"strconv"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// A row that decides who is told, or says who was, carries a seal: a checksum of its values. A bit that turns in the file, a row that lands in
// the place of another, and a value that somebody changed by hand do not fit it. It finds damage, and is no signature.

// Sealer makes seals. The zero value is ready.
type Sealer struct{ b []byte }

// Add takes in values as the database has them: what is stored as another kind is another value.
func (s *Sealer) Add(values ...driver.Value) *Sealer {
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			s.b = append(s.b, 0)
		case int64:
			s.b = binary.AppendVarint(append(s.b, 1), v)
		case string:
			s.b = append(binary.AppendUvarint(append(s.b, 2), uint64(len(v))), v...)
		case []byte:
			s.b = append(binary.AppendUvarint(append(s.b, 3), uint64(len(v))), v...)
		case float64:
			s.b = binary.LittleEndian.AppendUint64(append(s.b, 4), math.Float64bits(v))
		default:
			s.b = fmt.Appendf(append(s.b, 5), "%T", v)
		}
	}
	return s
}

// Seal is that of what was added, and forgets it.
func (s *Sealer) Seal() int64 {
	sum := crc32.Checksum(s.b, crc32.MakeTable(crc32.Castagnoli))
	s.b = s.b[:0]
	return int64(int32(sum)) // four bytes in a row, where an unsigned one may take six
}

// Fits reports that the last value is the seal of the others.
func (s *Sealer) Fits(v []driver.Value) bool {
	last := len(v) - 1
	want, ok := v[last].(int64)
	return s.Add(v[:last]...).Seal() == want && ok
}

// SealOf is the seal of the values.
func SealOf(values ...driver.Value) int64 { return new(Sealer).Add(values...).Seal() }

// Kind is what a row with a seal is, as people are told.
type Kind string

// The kinds of rows with seals.
const (
	Campaign    Kind = "campaign"
	Message     Kind = "message"
	Relist      Kind = "relist" // what a newer list says of a message
	Fold        Kind = "fold"   // a row that is told through another
	Claim       Kind = "claim"
	Standing    Kind = "standing"
	Attempt     Kind = "attempt"
	Resolution  Kind = "resolution"
	TallyCell   Kind = "tally"
	Prints      Kind = "prints" // fingerprints
	Suppression Kind = "suppression"
)

// Unfit says that a row does not fit its seal.
func Unfit(what Kind, of any) words.Text {
	return words.T("verify.seal", words.A{"table": words.Of("sealed", what), "row": fmt.Sprint(of)})
}

// Changed is the error about a row that does not fit its seal.
func Changed(what Kind, of any) error {
	return &ledger.DamagedError{What: Unfit(what, of)}
}

// SealPending is the seal of a standing of a message that was never attempted.
func SealPending(campaign int64, ch message.Channel, id int64) int64 {
	return SealOf(id, campaign, string(ch), string(message.Pending), int64(0), int64(0), nil, nil, nil, nil, nil, nil, nil)
}

// SealAttempting is the seal of a standing that says that the message is being attempted for the number-th time.
func (c *Claimed) SealAttempting(id int64, number int) int64 {
	return SealOf(id, c.Campaign, string(c.Channel), string(message.Attempting), int64(number), int64(number-1), c.ID, nil, nil, nil, nil, nil, nil)
}

// SealSuppression is the seal of a line of the suppression list.
func SealSuppression(s ledger.Suppression) int64 { return SealOf(SuppressionValues(s)...) }

// SuppressionValues are the columns of a line of the suppression list.
func SuppressionValues(s ledger.Suppression) []driver.Value {
	return []driver.Value{s.ID, string(s.Address), string(s.Channel), OrNull(s.Reason), s.Note, s.Who, Nanos(s.At)}
}

// Problem is what a question about a ledger found: the columns of a row are the arguments of its sentence.
func Problem(id string, names, values []string) (words.Text, error) {
	args := make(words.A, len(values))
	for i, name := range names {
		args[name] = values[i]
		switch name {
		case "cost":
			cost, err := strconv.ParseInt(values[i], 10, 64)
			if err != nil {
				return words.Text{}, err
			}
			args[name] = message.Money(cost)
		case "state":
			args[name] = words.Of("state", values[i])
		}
	}
	return words.T(id, args), nil
}
