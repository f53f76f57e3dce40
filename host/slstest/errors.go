package slstest

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Codes of the service's errors. Sources: the SDK's error_code.go and the
// documentation's page "Error codes".
const (
	codeConsumerGroupExist    = "ConsumerGroupAlreadyExist"
	codeConsumerGroupNotExist = "ConsumerGroupNotExist"
	codeConsumerGroupQuota    = "ConsumerGroupQuotaExceed"
	codeConsumerNotExist      = "ConsumerNotExist"
	codeConsumerNotMatch      = "ConsumerNotMatch"
	codeInternal              = "InternalServerError"
	codeInvalidAccessKeyID    = "InvalidAccessKeyId"
	codeInvalidAPIVersion     = "InvalidAPIVersion"
	codeInvalidBodyRawSize    = "InvalidBodyRawSize"
	codeInvalidCompressType   = "InvalidCompressType"
	codeInvalidContentType    = "InvalidContentType"
	codeInvalidCursor         = "InvalidCursor"
	codeInvalidDateFormat     = "InvalidDateFormat"
	codeInvalidSignMethod     = "InvalidSignatureMethod"
	codeLogStoreNotExist      = "LogStoreNotExist"
	codeMissingAPIVersion     = "MissingAPIVersion"
	codeMissingBodyRawSize    = "MissingBodyRawSize"
	codeMissingContentLength  = "MissingContentLength"
	codeMissingContentType    = "MissingContentType"
	codeMissingDate           = "MissingDate"
	codeMissingSignMethod     = "MissingSignatureMethod"
	codeNotSupported          = "NotSupported"
	codeParameterInvalid      = "ParameterInvalid"
	codePostBodyInvalid       = "PostBodyInvalid"
	codePostBodyTooLarge      = "PostBodyTooLarge"
	codePostBodyUncompress    = "PostBodyUncompressError"
	codeProjectNotExist       = "ProjectNotExist"
	codeServerBusy            = "ServerBusy"
	codeShardNotExist         = "ShardNotExist"
	codeSignatureNotMatch     = "SignatureNotMatch"
	codeTimeTooSkewed         = "RequestTimeTooSkewed"
	codeUnauthorized          = "Unauthorized"
)

// An Error is an answer other than 200, as the service writes it.
type Error struct {
	Status  int    `json:"-"` // of HTTP
	Code    string `json:"errorCode"`
	Message string `json:"errorMessage"`
}

func (e *Error) Error() string {
	return fmt.Sprintf("slstest: %d %s: %s", e.Status, e.Code, e.Message)
}

func failure(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

func badParameter(format string, args ...any) *Error {
	return failure(400, codeParameterInvalid, format, args...)
}

// answer turns any error into one that the service could have written.
func answer(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return failure(500, codeInternal, "%v", err)
}

func (e *Error) body() []byte {
	b, err := json.Marshal(e)
	if err != nil { // cannot be: two strings
		return []byte(`{"errorCode":"InternalServerError","errorMessage":""}`)
	}
	return b
}
