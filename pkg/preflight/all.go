package preflight

// All are the checks of a campaign, in the order in which they are shown.
func All() []Check {
	return []Check{
		// list
		listCheck(), variablesCheck(), sharedCheck(), expectCheck(), capacityCheck(), dedupeCheck(), allowListCheck(),
		// accounts
		routesCheck(), environmentCheck(), vendorCheck(),
		// money
		priceCheck(), balanceCheck(), budgetCheck(),
		// time
		quotaCheck(), windowCheck(), deadlineCheck(),
		// ledger
		ledgerCheck(), diskCheck(), flushCheck(), stoppedCheck(), runCheck(), stagedCheck(),
	}
}
