package tencent

import (
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors/sdk"
)

// source is the complete list of codes in the vendor's own client.
const source = "errors.go of tencentcloud-sdk-go/tencentcloud/sms v1.3.93"

// codes are what the vendor documents. Whatever says that it does not know how far it came (InternalError, InternalError.Timeout,
// InternalError.SendAndRecvFail, FailedOperation, FailedOperation.OtherError, …) is in no row.
func codes() sdk.Codes {
	refused := func(reason message.Reason, codes ...string) sdk.Row {
		return sdk.Row{Codes: codes, Outcome: message.OutcomeRefused, Reason: reason, Source: source}
	}
	rejected := func(codes ...string) sdk.Row {
		return sdk.Row{Codes: codes, Outcome: message.OutcomeRejected, Source: source}
	}
	return sdk.Table(
		refused(message.ReasonBalance, "FailedOperation.InsufficientBalanceInSmsPackage", "UnauthorizedOperation.ServiceSuspendDueToArrears"),
		refused(message.ReasonQuota, "LimitExceeded.AppDailyLimit", "LimitExceeded.AppMainlandChinaDailyLimit", "LimitExceeded.AppGlobalDailyLimit",
			"LimitExceeded.DailyLimit", "LimitExceeded.AppCountryOrRegionDailyLimit"),
		refused(message.ReasonAuth, "AuthFailure.*", "UnauthorizedOperation.RequestIpNotInWhitelist", "UnauthorizedOperation.RequestPermissionDeny",
			"UnauthorizedOperation.SdkAppIdIsDisabled", "UnauthorizedOperation.SmsSdkAppIdVerifyFail", "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny",
			"InvalidParameterValue.SdkAppIdNotExist", "InvalidParameter.AppidAndBizId", "InternalError.SigVerificationFail", "InternalError.SigFieldMissing",
			"InternalError.RequestTimeException", "InternalError.RestApiInterfaceNotExist"),
		refused(message.ReasonTemplate, "FailedOperation.SignatureIncorrectOrUnapproved", "FailedOperation.TemplateIncorrectOrUnapproved",
			"FailedOperation.TemplateUnapprovedOrNotExist", "FailedOperation.TemplateIdNotExist", "FailedOperation.MissingSignature",
			"FailedOperation.MissingSignatureList", "FailedOperation.MissingTemplateList", "InvalidParameterValue.MarketingTemplateWithoutUnsubscribe",
			"UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone", "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
			"UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber"),
		// Marketing leaves from 08:00 to 22:00 only.
		refused(message.ReasonOther, "FailedOperation.MarketingSendTimeConstraint"),
		rejected("InvalidParameterValue.IncorrectPhoneNumber", "FailedOperation.PhoneNumberParseFail", "FailedOperation.PhoneNumberInBlacklist",
			"UnsupportedOperation.UnsupportedRegion", "LimitExceeded.AppCountryOrRegionInBlacklist"),
		rejected("LimitExceeded.PhoneNumberDailyLimit", "LimitExceeded.PhoneNumberSameContentDailyLimit"),
		rejected("FailedOperation.TemplateParamSetNotMatchApprovedTemplate", "FailedOperation.ContainSensitiveWord", "InvalidParameter.DirtyWordFound",
			"InvalidParameterValue.TemplateParameterLengthLimit", "InvalidParameterValue.TemplateParameterFormatError",
			"InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", "InvalidParameterValue.ContentLengthLimit"),
		sdk.Row{
			Codes:   []string{"LimitExceeded.PhoneNumberThirtySecondLimit", "LimitExceeded.DeliveryFrequencyLimit"},
			Outcome: message.OutcomeThrottled, Recipient: true, Wait: 30 * time.Second, Source: source,
		},
		sdk.Row{
			Codes:   []string{"LimitExceeded.PhoneNumberOneHourLimit"},
			Outcome: message.OutcomeThrottled, Recipient: true, Wait: time.Hour, Source: source,
		},
		sdk.Row{
			Codes: []string{
				"RequestLimitExceeded", "RequestLimitExceeded.UinLimitExceeded", "RequestLimitExceeded.IPLimitExceeded", "RequestLimitExceeded.GlobalRegionUinLimitExceeded",
			},
			Outcome: message.OutcomeThrottled, Source: source,
		},
	)
}
