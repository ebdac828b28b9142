// Package config owns notify.yaml: it reads the installation's settings into typed values, and is the only user of viper.
// What it returns is checked and complete; nobody downstream asks whether a key was set.
package config

import (
	"net/netip"
	"time"

	"notify/pkg/channel"
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/sshsign"
	"notify/pkg/words"
)

// Environments that an installation, an account and a campaign can belong to.
const (
	Production = "production"
	Staging    = "staging"
	Test       = "test"
)

// Classes of accounts and campaigns.
const (
	Notice    = "notice"
	Marketing = "marketing"
)

// Config is notify.yaml with its defaults filled in and its secrets read.
type Config struct {
	// Path is the file it came from; empty where there was none.
	Path string
	// Files are all files that were read, the configuration and those that hold secrets, as absolute paths.
	Files []string `json:"-"`
	// Dir is what relative paths in it are relative to.
	Dir string

	Environment string
	Timezone    *time.Location // never nil
	Country     string         // ISO 3166 alpha-2, how to read phone numbers without a country code
	Language    string         // "en" or "zh"; empty: that of the locale
	Ledger      Place          // a file, or a database on a server
	Capacity    Capacity
	// Timer is the interval of whatever starts notify again and again; 0: nothing does.
	Timer time.Duration
	// ProtectedDomains are domains and servers that bulk mail never leaves through, lower case.
	ProtectedDomains []string
	// DNS is the server that is asked about senders, as host:port; empty: the system's.
	DNS string
	// Keep is for how long addresses and values are kept after the last thing that happened, by class of campaign.
	Keep map[string]time.Duration
	// Witness are folders away from this machine's disk in which it remembers what left.
	Witness []string
	// Receivers is a file of rules about what receivers of mail say, before those that are shipped; empty for none.
	Receivers string
	// Unsubscribe makes and knows the links of one click; the zero value where there are none.
	Unsubscribe message.OneClick
	// Hours are when messages may leave, by class of campaign.
	Hours map[string]Hours
	// Frequency is how often an address may be written to by campaigns of a class together, by class and channel.
	Frequency map[string]map[message.Channel]Frequency
	// NoSameMX says that domains with the same mail hosts are not to be taken for one receiver.
	NoSameMX bool
	// AllowList is who can be reached outside production: E.164 numbers, "+86100*", addresses, "*@domain", "*@*.test".
	AllowList []string
	// Channels are those that there are; nil are the built-in ones.
	Channels channel.Set `json:"-"`
	Accounts map[string]Account
	Routes   map[message.Channel]Route
	// Roles are who may sign for what on a checklist, by role: names of people, each once.
	Roles map[string][]string
	// Keys are the SSH keys of those who sign with one, by their names in lower case.
	Keys map[string]sshsign.Key
	// ForgetPeople is how many people it takes to forget somebody: 1 or 2.
	ForgetPeople int

	// Alerts are where somebody is told of what goes wrong.
	Alerts []AlertTarget

	// Warnings are what is allowed and unwise: a literal secret, a file that others can read.
	Warnings []words.Text `json:"-"`
}

// Counting is how the texts of a channel are counted: as the first account on its route has it.
func (c *Config) Counting(ch message.Channel) channel.Counting {
	shares := c.Routes[ch].Accounts
	if len(shares) == 0 {
		return channel.Counting{}
	}
	a := c.Accounts[shares[0].Account]
	return channel.Counting{Rule: a.Segments, Signature: a.Signature}
}

// Capacity is what the installation was designed and proven for.
type Capacity struct {
	Recipients       int           // 0: not stated
	RequireRehearsal time.Duration // 0: no rehearsal is required
}

// Account is a configured login at a vendor.
type Account struct {
	Name        string
	Vendor      string // kind: smtp, http
	Environment string
	Class       string
	Rate        float64 // messages per second; 0 where none is set
	Burst       int     // messages at once after a pause; 0: a hundredth of a second's worth, at least 1
	Concurrency int
	Ahead       int // messages claimed beyond Concurrency, so that a slow disk is not waited for
	Timeout     time.Duration
	DomainRate  map[string]float64 // messages per second by recipient domain, "default" for the rest
	DomainQuota map[string]int64   // messages a day, in the same way
	// DomainSlots is how many messages to a recipient domain may be under way at a time, in the same way.
	DomainSlots map[string]int
	DailyQuota  int64 // 0: none
	// Ramp is a quota of the day that grows, for each sender domain of mails; nil for none.
	Ramp *Ramp
	// Scenarios are limits by class of campaign, within the account's own.
	Scenarios map[string]Scenario
	Price     *message.Money // for a segment or a mail; nil where it is not known
	// Prices are those by the country of a number, OtherCountries for all that are not named; nil where all cost the same.
	Prices      map[string]message.Money
	Currency    string
	DayBudget   message.Money // 0: none
	MonthBudget message.Money
	LowBalance  message.Money
	Endpoint    string
	// Segments is how texts are counted: "gsm" or "mainland"; empty means by the address (mainland for +86).
	Segments string
	// Signature is put before every SMS as 【…】 by the vendor, and counts; it is one of the options.
	Signature string
	// DKIM is the key with which the account's server signs mails; zero where it is not configured.
	DKIM DKIM
	// SendsFrom are the addresses from which receivers get the account's mails, where they are not the server's.
	SendsFrom []netip.Addr
	// Receipts is how its vendor pushes receipts.
	Receipts Receipts
	// Options are the vendor's own, secrets filled in: strings, whole numbers (int), booleans, lists and maps of these.
	Options Options
	// Declared is what the account's vendor says about its options.
	Declared option.Set `json:"-"`
}

// Ramp is how many messages a new sender may send on its first day, and by how much more on each day that follows.
type Ramp struct {
	Start  int64
	Factor float64
}

// Scenario is what campaigns of one class may send through an account together.
type Scenario struct {
	Rate       float64 // messages per second; 0: the account's own
	DailyQuota int64   // 0: the account's own
}

// Said is the name of the option that has a role, and its value; both are empty where none has it.
func (a *Account) Said(role option.Role) (name, value string) {
	o, ok := a.Declared.With(role)
	if !ok {
		return "", ""
	}
	value, _ = a.Options[o.Name].(string)
	return o.Name, value
}

// Route is how a channel's messages are spread.
type Route struct {
	Accounts []Share
	Failover []string // accounts that stand in, in this order
}

// Share is an account's weight on a route.
type Share struct {
	Account string
	Weight  int
}
