package yardstick

import "testing"

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":"ask bob@example.com, al@example.org."}`:                   `{"a":"ask b***@example.com, ***@example.org."}`,
		`{"a":"bob@example.com"}`:                                        `{"a":"b***@example.com"}`,
		`{"a":"x=bob%40example.com&%40"}`:                                `{"a":"x=b***%40example.com&%40"}`,
		`{"a":"bob@1.onaliyun.com a@b bob@onaliyun.com @c.dd"}`:          "",
		`{"a":"\nbob@example.com \u0041"}`:                               `{"a":"\u000ab***@example.com A"}`,
		`{"a":"=LTAI5tBobMadeUp000000002, TMP.3KdMadeUpKeyBob"}`:         `{"a":"=LTAI5tBo****02, TMP.3KdM****ob"}`,
		`{"a":"AKIA0123456789ABCDEF ASIA01234 STS.short"}`:               `{"a":"AKIA0123****EF ASIA01234 STS.short"}`,
		`{"a":"LTAI5tBo****02@example.com, \"b***@example.com\""}`:       "",
		`{"Password":"p","pass_word":["q",{"a":"r"}],"Secret":1}`:        `{"Password":"****","pass_word":["****",{"a":"r"}],"Secret":1}`,
		`{"NextToken":"n","client-token":"c","X-Auth-Token":"t"}`:        `{"NextToken":"n","client-token":"c","X-Auth-Token":"****"}`,
		`{"eventVersion":"1","pwd":"","Secret":"****","key":"k"}`:        "",
		`{"j":"{\"Password\":\"p\\\"w\",\"a\":[1]}","b":"c"}`:            `{"j":"{\"Password\":\"****\",\"a\":[1]}","b":"c"}`,
		`{"j":"{\"k\":\"{\\\"Password\\\":\\\"p\\\"}\"}"}`:               `{"j":"{\"k\":\"{\\\"Password\\\":\\\"****\\\"}\"}"}`,
		`{"j":"{\"Password\":\"p"}`:                                      "",
		`{"j":"{\"Password\":\"p\",bob@example.com"}`:                    `{"j":"{\"Password\":\"p\",b***@example.com"}`,
		`{"bob@example.com":"Secret\"s, 100% of them: \"I\" P.S. U.S."}`: "",
	} {
		s := newScanner(true, nil)
		if !s.read([]byte(text)) {
			t.Errorf("%s is no JSON", text)
			continue
		}
		got, found := s.mask([]byte("before "))
		if want != "" && string(got) != "before "+want || found != (want != "") || !found && string(got) != "before " {
			t.Errorf("%s\nbecame %s\n not %s", text, got, want)
		}
	}
}
