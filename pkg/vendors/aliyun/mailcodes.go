package aliyun

import (
	"notify/pkg/message"
	"notify/pkg/vendors/sdk"
)

const mailPage = "help.aliyun.com/zh/direct-mail/api-dm-2015-11-23-errorcodes"

// mailCodes are those of DirectMail. InternalServiceError and ServiceUnavailable are in no row.
func mailCodes() sdk.Codes {
	refused := func(reason message.Reason, source string, codes ...string) sdk.Row {
		return sdk.Row{Codes: codes, Outcome: message.OutcomeRefused, Reason: reason, Source: source}
	}
	return sdk.Table(
		refused(message.ReasonBlocked, mailPage, "InvalidMailAddress.NotFound", "InvalidMailAddressStatus.Malformed", "InvalidMailAddressSendType.Malformed",
			"InvalidMailAddressDomain.Malformed"),
		// The spam filter: one code for the account's state, its frequency, its quota and the text.
		refused(message.ReasonBlocked, mailPage, "InvalidSendMail.Spam"),
		refused(message.ReasonTemplate, mailPage, "InvalidTemplate.NotFound"),
		refused(message.ReasonAuth, mailPage, "Forbidden"),
		refused(message.ReasonAuth, ramPage, "Forbidden.RAM", "SignatureDoesNotMatch", "InvalidTimeStamp.Expired", "InvalidAccessKeyId.NotFound",
			"InvalidAccessKeyId.Inactive", "InvalidVersion", "InvalidAction.NotFound", "NoPermission"),
		sdk.Row{
			Codes:   []string{"InvalidToAddress", "InvalidToAddress.Spam", "EmailFormatError", "EmailLengthError", "InvalidBody", "InvalidSubject.Malformed"},
			Outcome: message.OutcomeRejected, Source: mailPage,
		},
		sdk.Row{Codes: []string{"Throttling", "Throttling.User", "Throttling.Api"}, Outcome: message.OutcomeThrottled, Source: ramPage},
	)
}
