package preflight

// ParseDKIMKey and ParseUnsubscribe are for fuzzing: through DNS and a plan they would run a hundred times slower.
func ParseDKIMKey(text string) (kind string, bits int, err error) {
	k, err := parseDKIMKey(text)
	return k.kind, k.bits, err
}

var ParseUnsubscribe = parseUnsubscribe
