package plan

import (
	"math"
	"strconv"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
)

func row(c contact) string { return strconv.Itoa(int(c.Row)) }

// share spreads the channels over their accounts by weight, and says what each costs and how long it takes.
func (p *Plan) share(cfg *config.Config) {
	for _, c := range p.Channels {
		route := cfg.Routes[c.Channel]
		messages, segments := 0, 0 // of the accounts so far: rounded together, so that the parts add up
		for i, n := range spread(c.Messages, route.Accounts) {
			a := cfg.Accounts[route.Accounts[i].Account]
			ap := AccountPlan{Account: route.Accounts[i].Account, Channel: c.Channel, Messages: n, Rate: a.Rate}
			messages += n
			ap.Segments = proportion(c.Segments, messages, c.Messages) - segments
			segments += ap.Segments
			if a.Price != nil {
				cost := a.Price.Times(ap.Segments)
				ap.Cost, ap.Currency = &cost, a.Currency
			}
			ap.Days, ap.Duration = Schedule(n, a.Rate, a.DailyQuota, p.Spec.Window)
			p.Duration = max(p.Duration, ap.Duration)
			p.Days = max(p.Days, len(ap.Days))
			p.Accounts = append(p.Accounts, ap)
		}
	}
}

// spread divides n by weight, so that the parts add up to n.
func spread(n int, shares []config.Share) []int {
	total := 0
	for _, s := range shares {
		total += s.Weight
	}
	parts := make([]int, len(shares))
	if total == 0 {
		return parts
	}
	done, weight := 0, 0
	for i, s := range shares {
		weight += s.Weight
		upTo := proportion(n, weight, total)
		parts[i] = upTo - done
		done = upTo
	}
	return parts
}

// proportion is n×part/whole, rounded; 0 where whole is 0.
func proportion(n, part, whole int) int {
	if whole == 0 {
		return 0
	}
	return int(math.Round(float64(n) * float64(part) / float64(whole)))
}

// Schedule says how many of n messages an account sends on each day, from the opening of a fresh day's window, and how long
// that takes from first to last. Rate 0 takes no time, quota 0 is no limit. It returns no days for no messages.
func Schedule(n int, rate float64, quota int64, w campaign.Window) (days []int, took time.Duration) {
	perDay := DayCapacity(rate, quota, w.Length())
	for n > 0 {
		today := min(n, perDay)
		days = append(days, today)
		n -= today
	}
	if len(days) == 0 {
		return nil, 0
	}
	took = time.Duration(len(days)-1) * 24 * time.Hour
	if rate > 0 {
		took += time.Duration(float64(days[len(days)-1]) / rate * float64(time.Second))
	}
	return days, took
}

// DayCapacity is how many messages fit into a day with a window of this length: by rate and by quota; at least 1.
func DayCapacity(rate float64, quota int64, window time.Duration) int {
	capacity := math.MaxInt
	if rate > 0 {
		capacity = max(1, int(rate*window.Seconds()))
	}
	if quota > 0 && quota < int64(capacity) {
		capacity = int(quota)
	}
	return capacity
}
