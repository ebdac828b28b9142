package message

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Money is an exact amount in millionths of its currency's unit: 0.045 is Money(45000). Sums are exact. The currency
// stands beside it wherever two could be mixed. The zero value is no money.
type Money int64

// moneyUnit is how many Money are one unit of the currency; the smallest published price is 0.0001 (a mail at Amazon SES).
const moneyUnit = 1_000_000

// What is wrong with a text that is no Money.
var (
	ErrNotDecimal = errors.New("not a decimal amount")
	ErrDecimals   = errors.New("more than six decimals")
	ErrTooLarge   = errors.New("too large an amount")
)

// ParseMoney reads a decimal number: "0.045", "2000". An exponent, more than six decimals, and amounts beyond nine million
// million, are errors.
func ParseMoney(s string) (Money, error) {
	if strings.ContainsAny(s, "/xXpPeE_") {
		return 0, fmt.Errorf("%q: %w", s, ErrNotDecimal)
	}
	r, ok := new(big.Rat).SetString(strings.TrimSpace(s))
	if !ok {
		return 0, fmt.Errorf("%q: %w", s, ErrNotDecimal)
	}
	r.Mul(r, big.NewRat(moneyUnit, 1))
	if !r.IsInt() {
		return 0, fmt.Errorf("%q: %w", s, ErrDecimals)
	}
	if !r.Num().IsInt64() {
		return 0, fmt.Errorf("%q: %w", s, ErrTooLarge)
	}
	return Money(r.Num().Int64()), nil
}

// String has at least two decimals and as many more as are needed: "1035.00", "0.045".
func (m Money) String() string {
	sign, n := "", uint64(m) // of a negative amount, the next lines take the absolute value
	if m < 0 {
		sign, n = "-", -n // right for the least amount too, which has no positive of its own
	}
	frac := strings.TrimRight(fmt.Sprintf("%06d", n%moneyUnit), "0")
	for len(frac) < 2 {
		frac += "0"
	}
	return fmt.Sprintf("%s%d.%s", sign, n/moneyUnit, frac)
}

// Times is the amount n times over.
func (m Money) Times(n int) Money { return m * Money(n) }

// MarshalJSON writes the amount as a JSON number, exactly.
func (m Money) MarshalJSON() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalJSON reads a JSON number or string, exactly.
func (m *Money) UnmarshalJSON(b []byte) error {
	v, err := ParseMoney(strings.Trim(string(b), `"`))
	if err != nil {
		return err
	}
	*m = v
	return nil
}
