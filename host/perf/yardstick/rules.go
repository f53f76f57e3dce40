package yardstick

import "bytes"

// A trail is what counts of an ActionTrail event.
type trail struct {
	name, rw, kind, identity, errorCode, errorMessage []byte
	noMFA                                             bool

	scan   *scanner
	masked []byte
}

// read reads an event; false where that is no JSON object. Only one that the
// rules are for is looked through for what to mask.
func (t *trail) read(text []byte, rules bool) bool {
	t.name, t.rw, t.kind, t.identity, t.errorCode, t.errorMessage, t.noMFA = nil, nil, nil, nil, nil, nil, false
	if t.scan == nil {
		t.scan = newScanner(rules, t.member)
	}
	return len(text) > 0 && text[0] != '[' && t.scan.read(text)
}

func (t *trail) member(in string, key, value []byte) {
	switch in {
	case "userIdentity":
		if string(key) == "type" {
			t.identity = inside(value)
		}
		return
	case "additionalEventData":
		if string(key) == "mfaChecked" || string(key) == "isMFAChecked" {
			t.noMFA = string(inside(value)) == "false"
		}
		return
	}
	switch string(key) {
	case "eventName":
		t.name = inside(value)
	case "eventRW":
		t.rw = inside(value)
	case "eventType":
		t.kind = inside(value)
	case "errorCode":
		t.errorCode = inside(value)
	case "errorMessage":
		t.errorMessage = inside(value)
	}
}

func inside(value []byte) []byte {
	if len(value) > 0 && value[0] == '"' {
		return value[1 : len(value)-1]
	}
	if string(value) == "null" {
		return nil
	}
	return value
}

const actionTrail = "actiontrail_audit_event"

// judge applies the rules of the audit example; false: the log is dropped.
func (l *log) judge() bool {
	switch string(l.topic) {
	case actionTrail:
		l.kind = "aliyun:actiontrail"
		return l.judgeTrail()
	case "waf_access_log":
		l.kind = "aliyun:waf"
	case "flow_log":
		l.kind = "aliyun:vpc:flow"
	default:
		if l.field("auditID") != nil {
			l.kind = "aliyun:ack:audit"
		}
	}
	return true
}

func (l *log) field(key string) *field {
	for i := range l.fields {
		if string(l.fields[i].key) == key {
			return &l.fields[i]
		}
	}
	return nil
}

// unread is what a log says of itself whose event cannot be read.
var unread = field{key: []byte("audit_error"), value: []byte("event is not JSON")}

func (l *log) judgeTrail() bool {
	event, t := l.field("event"), &l.trail
	if event == nil || !t.read(event.value, true) {
		l.fields = append(l.fields, unread)
		return true
	}
	failed := len(t.errorCode) > 0 || len(t.errorMessage) > 0 && string(t.errorMessage) != "success"
	signIn := string(t.kind) == "ConsoleSignin" || string(t.name) == "ConsoleSignin"
	root, isRisky := string(t.identity) == "root-account", risky[string(t.name)]
	if !failed && !signIn && !root && !isRisky && t.reads() {
		return false
	}
	event.json = true
	if masked, found := t.scan.mask(t.masked[:0]); found {
		event.value, t.masked = masked, masked
	}
	l.rate([]points{{string(t.rw) != "Read", 15}, {isRisky, 40}, {failed, 30}, {root, 30}, {signIn && t.noMFA, 20}})
	return true
}

// reads says whether an event is a read by somebody known that need not be kept.
func (t *trail) reads() bool {
	return readName(t.name) && string(t.rw) != "Write" && len(t.identity) > 0 && !kept[string(t.name)]
}

// points are what makes an event so much more risky.
type points struct {
	so    bool
	score int
}

func (l *log) rate(list []points) {
	l.score = 5
	for _, p := range list {
		if p.so {
			l.score += p.score
		}
	}
	switch {
	case l.score >= 60:
		l.level = "high"
	case l.score >= 30:
		l.level = "medium"
	default:
		l.level = "low"
	}
}

func readName(name []byte) bool {
	for _, p := range []string{"Describe", "List", "Get"} {
		if rest, ok := bytes.CutPrefix(name, []byte(p)); ok && len(rest) > 0 && 'A' <= rest[0] && rest[0] <= 'Z' {
			return true
		}
	}
	return false
}

// Names of events, as the audit example has them by default.
var (
	kept = names("GetSecretValue", "GetSecretParameter", "GetFederationToken", "GetAuthorizationToken", "GetObjectAcl",
		"GetAccessKeyLastUsed", "GetSessionToken")
	risky = names("CreateAccessKey", "UpdateAccessKey", "CreateUser", "CreateLoginProfile", "UpdateLoginProfile",
		"AttachPolicyToUser", "AttachPolicyToGroup", "AttachPolicyToRole", "AttachPolicy", "CreatePolicyVersion",
		"SetDefaultPolicyVersion", "AddUserToGroup", "CreateRole", "UpdateRole", "CreateSAMLProvider", "CreateOIDCProvider",
		"UnbindMFADevice", "DeleteVirtualMFADevice", "SetPasswordPolicy", "SetSecurityPreference",
		"StopLogging", "DeleteTrail", "UpdateTrail", "DeleteProject", "DeleteLogStore", "UpdateLogStore",
		"AuthorizeSecurityGroup", "AuthorizeSecurityGroupEgress", "ModifySecurityGroupRule", "ModifySecurityIps",
		"AllocateInstancePublicConnection", "PutBucketAcl", "PutBucketPolicy", "DeleteBucketPolicy", "DeleteBucketEncryption",
		"ScheduleKeyDeletion", "DisableKey", "DeleteSecret", "DeleteSnapshot", "DeleteInstance", "ModifyImageSharePermission")
)

func names(list ...string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, n := range list {
		m[n] = true
	}
	return m
}
