package tencent

import (
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors/sdk"
)

// source is the complete list of codes in the vendor's own client.
const source = "errors.go of tencentcloud-sdk-go/tencentcloud/sms v1.3.93"

// gatewayPage lists the codes of the gateway in front of every service. A request that it turns away has reached none.
const gatewayPage = "cloud.tencent.com/document/api/382/38780"

// gateway are the codes by which the gateway turns a request of ours away, whatever the service behind it. Those that a service gives, too
// (FailedOperation, InvalidParameter, UnsupportedOperation, …), are none of these.
func gateway() []sdk.Row {
	return []sdk.Row{
		{
			Codes:   []string{"AuthFailure", "AuthFailure.*", "UnauthorizedOperation", "IpInBlacklist", "IpNotInWhitelist"},
			Outcome: message.OutcomeRefused, Reason: message.ReasonAuth, Source: gatewayPage,
		},
		{
			Codes:   []string{"ActionOffline", "InvalidAction", "InvalidRequest", "NoSuchProduct", "NoSuchVersion", "UnsupportedProtocol", "UnsupportedRegion"},
			Outcome: message.OutcomeRefused, Reason: message.ReasonOther, Source: gatewayPage,
		},
		{Codes: []string{"RequestLimitExceeded", "RequestLimitExceeded.*"}, Outcome: message.OutcomeThrottled, Source: gatewayPage},
	}
}

// codes are what the vendor documents. Whatever says that it does not know how far it came (InternalError, InternalError.Timeout,
// InternalError.SendAndRecvFail, FailedOperation, FailedOperation.OtherError, …) is in no row.
func codes() sdk.Codes {
	refused := func(reason message.Reason, codes ...string) sdk.Row {
		return sdk.Row{Codes: codes, Outcome: message.OutcomeRefused, Reason: reason, Source: source}
	}
	rejected := func(codes ...string) sdk.Row {
		return sdk.Row{Codes: codes, Outcome: message.OutcomeRejected, Source: source}
	}
	return sdk.Table(append(gateway(),
		refused(message.ReasonBalance, "FailedOperation.InsufficientBalanceInSmsPackage", "UnauthorizedOperation.ServiceSuspendDueToArrears"),
		refused(message.ReasonQuota, "LimitExceeded.AppDailyLimit", "LimitExceeded.AppMainlandChinaDailyLimit", "LimitExceeded.AppGlobalDailyLimit",
			"LimitExceeded.DailyLimit", "LimitExceeded.AppCountryOrRegionDailyLimit"),
		refused(message.ReasonAuth, "UnauthorizedOperation.RequestIpNotInWhitelist", "UnauthorizedOperation.RequestPermissionDeny",
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
	)...)
}
