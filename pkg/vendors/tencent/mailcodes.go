package tencent

import (
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors/sdk"
)

// mailSource is the complete list of codes in the vendor's own client.
const mailSource = "errors.go of tencentcloud-sdk-go/tencentcloud/ses v1.3.136"

// mailCodes are those of mail. InternalError and what stands below it, FailedOperation alone and FailedOperation.SendEmailErr are in no row.
func mailCodes() sdk.Codes {
	refused := func(reason message.Reason, codes ...string) sdk.Row {
		return sdk.Row{Codes: codes, Outcome: message.OutcomeRefused, Reason: reason, Source: mailSource}
	}
	throttled := func(wait time.Duration, recipient bool, codes ...string) sdk.Row {
		return sdk.Row{Codes: codes, Outcome: message.OutcomeThrottled, Recipient: recipient, Wait: wait, Source: mailSource}
	}
	return sdk.Table(append(gateway(),
		refused(message.ReasonBalance, "FailedOperation.InsufficientBalance"),
		refused(message.ReasonQuota, "FailedOperation.InsufficientQuota", "FailedOperation.ExceedSendLimit", "LimitExceeded"),
		refused(message.ReasonAuth, "FailedOperation.WithOutPermission"),
		refused(message.ReasonBlocked, "FailedOperation.HighRejectionRate", "FailedOperation.NotAuthenticatedSender", "OperationDenied.DomainNotVerified",
			"OperationDenied.SendAddressStatusError", "InvalidParameterValue.NoSuchSender"),
		refused(message.ReasonTemplate, "FailedOperation.InvalidTemplateID", "FailedOperation.WrongContentJson", "OperationDenied.TemplateStatusError",
			"InvalidParameterValue.TemplateNotExist", "FailedOperation.URLForbidden", "FailedOperation.IllegalURL"),
		sdk.Row{
			Codes: []string{
				"FailedOperation.EmailAddrInBlacklist", "FailedOperation.IncorrectEmail", "FailedOperation.RejectedByRecipients",
				"FailedOperation.ReceiverHasUnsubscribed", "FailedOperation.UnsupportMailType", "InvalidParameterValue.IllegalEmailAddress",
				"InvalidParameterValue.ReceiverEmailInvalid",
			},
			Outcome: message.OutcomeRejected, Source: mailSource,
		},
		// "The request did not take effect": the vendor's own words for this temporary error.
		throttled(0, false, "FailedOperation.ServiceNotAvailable"),
		// One mailbox gets at most 10 an hour; a receiver that put the vendor off is let alone for 10 minutes.
		throttled(time.Hour, true, "FailedOperation.FrequencyLimit"),
		throttled(10*time.Minute, true, "FailedOperation.TemporaryBlocked"),
	)...)
}
