package ses

import (
	"notify/pkg/message"
	"notify/pkg/vendors/sdk"
)

// The sources.
const (
	errorsFile = "types/errors.go of aws-sdk-go-v2/service/sesv2 v1.79.5"
	quotasPage = "docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html" // "drops the message and doesn't attempt to redeliver it"
	commonPage = "docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html"
	textsPage  = "docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html"
)

// codes are what the vendor documents. One name stands for too fast and for the quota of 24 hours: the text says which. Its own failures
// (InternalServiceErrorException, InternalFailure, ServiceUnavailable) are in no row.
func codes() sdk.Codes {
	refused := func(reason message.Reason, source string, codes ...string) sdk.Row {
		return sdk.Row{Codes: codes, Outcome: message.OutcomeRefused, Reason: reason, Source: source}
	}
	throttles := []string{"TooManyRequestsException", "ThrottlingException", "Throttling"}
	daily := func(says string) sdk.Row {
		row := refused(message.ReasonQuota, quotasPage, throttles...)
		row.Says = says
		return row
	}
	unverified := refused(message.ReasonAuth, textsPage, "MessageRejected")
	unverified.Says = "not verified"
	return sdk.Table(
		daily("Daily message quota exceeded"), daily("Daily sending quota exceeded"),
		sdk.Row{Codes: throttles, Outcome: message.OutcomeThrottled, Source: quotasPage},
		refused(message.ReasonQuota, errorsFile, "LimitExceededException"),
		refused(message.ReasonAuth, errorsFile, "AccountSuspendedException", "MailFromDomainNotVerifiedException"),
		refused(message.ReasonBlocked, errorsFile, "SendingPausedException"),
		refused(message.ReasonOther, errorsFile, "NotFoundException"), // the configuration set, or the identity, is not there
		refused(message.ReasonAuth, commonPage, "AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "InvalidSignatureException",
			"SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException", "InvalidClientTokenId", "MissingAuthenticationToken",
			"MissingAuthenticationTokenException", "ExpiredTokenException", "NotAuthorized", "OptInRequired", "RequestExpired"),
		unverified, // the sender; in the sandbox the recipient too
		sdk.Row{Codes: []string{"MessageRejected", "BadRequestException"}, Outcome: message.OutcomeRejected, Source: errorsFile},
	)
}
