package aliyun

import (
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors/sdk"
)

// The sources: API error codes of Dysmsapi, and what the console says about limits by number.
const (
	codesPage  = "help.aliyun.com/document_detail/101346.html"
	limitsPage = "help.aliyun.com/document_detail/101345.html" // isv.BUSINESS_LIMIT_CONTROL: by minute, hour and day, the kind in the text
	ramPage    = "help.aliyun.com/document_detail/315526.html" // codes of the gateway in front of every service
	packages   = "developer.aliyun.com/ask/278548"             // OUT_OF_SERVICE: arrears, also where packages are left
)

// codes are what the vendor documents. Whatever says that it does not know how far it came (isp.SYSTEM_ERROR, isp.UNKNOWN, isp.GATEWAY_ERROR,
// InternalError, ServiceUnavailable) is in no row, and so is SignatureNonceUsed: the same request had arrived before.
func codes() sdk.Codes {
	refused := func(reason message.Reason, source string, codes ...string) sdk.Row {
		return sdk.Row{Codes: codes, Outcome: message.OutcomeRefused, Reason: reason, Source: source}
	}
	rejected := func(codes ...string) sdk.Row {
		return sdk.Row{Codes: codes, Outcome: message.OutcomeRejected, Source: codesPage}
	}
	limit := func(says string, wait time.Duration) sdk.Row {
		return sdk.Row{
			Codes: []string{"isv.BUSINESS_LIMIT_CONTROL"}, Says: says, Outcome: message.OutcomeThrottled, Recipient: true, Wait: wait, Source: limitsPage,
		}
	}
	return sdk.Table(
		refused(message.ReasonBalance, codesPage, "isv.AMOUNT_NOT_ENOUGH", "isv.BILLING_DEDUCTION_ERROR"),
		refused(message.ReasonBalance, packages, "isv.OUT_OF_SERVICE"),
		refused(message.ReasonQuota, codesPage, "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL"),
		refused(message.ReasonAuth, codesPage, "isp.RAM_PERMISSION_DENY", "isv.RAM_CHECK_FAILED", "isv.ACCOUNT_NOT_EXISTS", "isv.ACCOUNT_ABNORMAL",
			"isv.SECURITY_FROZEN_ACCOUNT", "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE", "isv.DENY_IP_RANGE"),
		refused(message.ReasonAuth, ramPage, "SignatureDoesNotMatch", "InvalidTimeStamp.Expired", "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive",
			"InvalidVersion", "InvalidAction.NotFound", "NoPermission"),
		refused(message.ReasonTemplate, codesPage, "isv.SMS_TEMPLATE_ILLEGAL", "isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_SIGN_ILLEGAL", "isv.SIGN_STATE_ILLEGAL",
			"isv.SMS_SIGNATURE_SCENE_ILLEGAL", "isv.EXTEND_CODE_ERROR", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"),
		refused(message.ReasonBlocked, codesPage, "isv.SMS_CONTENT_ILLEGAL", "SIGNATURE_BLACKLIST"),
		rejected("isv.MOBILE_NUMBER_ILLEGAL", "isv.CUSTOMER_REFUSED"),
		rejected("isv.TEMPLATE_MISSING_PARAMETERS", "isv.TEMPLATE_PARAMS_ILLEGAL", "isv.INVALID_JSON_PARAM", "isv.PARAM_LENGTH_LIMIT", "isv.PARAM_NOT_SUPPORT_URL",
			"isv.BLACK_KEY_CONTROL_LIMIT", "isv.INVALID_PARAMETERS", "PARAMS_ILLEGAL"),
		limit("分钟级", time.Minute), limit("小时级", time.Hour),
		rejected("isv.BUSINESS_LIMIT_CONTROL"), // by day: tomorrow is another campaign
		sdk.Row{Codes: []string{"Throttling", "Throttling.User", "Throttling.Api"}, Outcome: message.OutcomeThrottled, Source: ramPage},
	)
}
