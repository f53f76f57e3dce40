package main

import (
	"errors"

	"github.com/slswasm/slswasm/guests/go/mask"
	"github.com/slswasm/slswasm/guests/go/settings"
)

// config is what --guest-config says; README.md describes the keys.
type config struct {
	dropReads        bool
	readPrefixes     []string
	keep, risky      names // of events
	mediumAt, highAt int
	indexes          [levels]string // "": what the sink says
	sourceTypes      map[string]string
	mask             mask.Options
}

func defaults() config {
	return config{
		dropReads:    true,
		readPrefixes: []string{"Describe", "List", "Get"},
		keep: newNames("GetSecretValue", "GetSecretParameter", "GetFederationToken", "GetAuthorizationToken", "GetObjectAcl",
			"GetAccessKeyLastUsed", "GetSessionToken"),
		risky: newNames("CreateAccessKey", "UpdateAccessKey", "CreateUser", "CreateLoginProfile", "UpdateLoginProfile",
			"AttachPolicyToUser", "AttachPolicyToGroup", "AttachPolicyToRole", "AttachPolicy", "CreatePolicyVersion",
			"SetDefaultPolicyVersion", "AddUserToGroup", "CreateRole", "UpdateRole", "CreateSAMLProvider", "CreateOIDCProvider",
			"UnbindMFADevice", "DeleteVirtualMFADevice", "SetPasswordPolicy", "SetSecurityPreference",
			"StopLogging", "DeleteTrail", "UpdateTrail", "DeleteProject", "DeleteLogStore", "UpdateLogStore",
			"AuthorizeSecurityGroup", "AuthorizeSecurityGroupEgress", "ModifySecurityGroupRule", "ModifySecurityIps",
			"AllocateInstancePublicConnection", "PutBucketAcl", "PutBucketPolicy", "DeleteBucketPolicy", "DeleteBucketEncryption",
			"ScheduleKeyDeletion", "DisableKey", "DeleteSecret", "DeleteSnapshot", "DeleteInstance", "ModifyImageSharePermission"),
		mediumAt: 30,
		highAt:   60,
		sourceTypes: map[string]string{
			actionTrail:      "aliyun:actiontrail",
			kubernetes:       "aliyun:ack:audit",
			"waf_access_log": "aliyun:waf",
			"flow_log":       "aliyun:vpc:flow",
		},
		mask: mask.Options{AccessKeys: true, Emails: true, SecretMembers: true, KeepDomains: []string{"onaliyun.com"}},
	}
}

// names is a set. It finds a name among those of its length and last letter, which takes less
// than a map, and much less in TinyGo, where maps allocate.
type names [64][]string

func newNames(list ...string) (n names) {
	n.add(list...)
	return n
}

func (n *names) add(list ...string) {
	for _, name := range list {
		like := n.like(name)
		*like = append(*like, name)
	}
}

func (n *names) like(name string) *[]string {
	i := len(name)
	if i > 0 {
		i += 4 * int(name[i-1])
	}
	return &n[i%len(n)]
}

func (n *names) has(name string) bool {
	for _, s := range *n.like(name) {
		if s == name {
			return true
		}
	}
	return false
}

// parseConfig reads the configuration; what it does not say stays as it is by
// default.
func parseConfig(text []byte) (config, error) {
	c := defaults()
	var keep, risky []string
	err := settings.Read("audit", text, settings.Object{
		"drop_reads":    settings.Bool(&c.dropReads),
		"read_prefixes": settings.Texts(&c.readPrefixes),
		"keep_events":   settings.Texts(&keep),
		"risky_events":  settings.Texts(&risky),
		"thresholds": settings.In(settings.Object{
			"medium": settings.Int(&c.mediumAt, 0, 1000),
			"high":   settings.Int(&c.highAt, 0, 1000),
		}),
		"indexes": settings.In(settings.Object{
			low.String():    settings.Text(&c.indexes[low]),
			medium.String(): settings.Text(&c.indexes[medium]),
			high.String():   settings.Text(&c.indexes[high]),
		}),
		"sourcetypes": settings.Map(c.sourceTypes, settings.Text),
		"mask": settings.In(settings.Object{
			"access_keys":  settings.Bool(&c.mask.AccessKeys),
			"emails":       settings.Bool(&c.mask.Emails),
			"secrets":      settings.Bool(&c.mask.SecretMembers),
			"keep_domains": settings.Texts(&c.mask.KeepDomains),
		}),
	})
	if err == nil && c.mediumAt > c.highAt {
		err = errors.New("thresholds: medium is above high")
	}
	c.keep.add(keep...)
	c.risky.add(risky...)
	return c, err
}
