package flow

// InFlight is how many messages are claimed and not answered.
func (a *Account) InFlight() int { return a.inFlight }
