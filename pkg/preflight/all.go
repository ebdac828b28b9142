package preflight

// All are the checks of a campaign, in the order in which they are shown.
func All() []Check {
	return []Check{
		// list
		listCheck(), variablesCheck(), sharedCheck(), expectCheck(), capacityCheck(), rehearsalCheck(), dedupeCheck(), toldLatelyCheck(), frequencyCheck(), allowListCheck(),
		suppressedCheck(), columnsCheck(), testRowsCheck(), protectedRecipientsCheck(), domainShareCheck(),
		// texts
		valuesCheck(), bracesCheck(), allVariablesCheck(), forbiddenCheck(), signatureCheck(), optOutCheck(), templatesCheck(), templateValuesCheck(),
		segmentsCheck(), subjectsCheck(), textPartCheck(), linksCheck(), sizeCheck(),
		// accounts
		routesCheck(), environmentCheck(), credentialsCheck(), vendorCheck(), failoverCheck(), breakerCheck(), lastErrorsCheck(), clockCheck(),
		// sender
		protectedSenderCheck(), spfCheck(), dkimCheck(), dmarcCheck(), mxCheck(), unsubscribeCheck(), ptrCheck(),
		// money
		priceCheck(), balanceCheck(), lowBalanceCheck(), budgetCheck(), currencyCheck(),
		// time
		quotaCheck(), windowCheck(), durationCheck(), deadlineCheck(), timerCheck(), measuredRateCheck(), paceCheck(),
		// ledger
		ledgerCheck(), diskCheck(), flushCheck(), backupCheck(), stoppedCheck(), runCheck(), stagedCheck(),
		// checklist
		checklistCheck(),
	}
}
