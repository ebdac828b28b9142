package postgres

// SettingsOf are those of a connection that writes, or reads.
func SettingsOf(writes bool) string {
	if writes {
		return writing
	}
	return reading
}
