package main

import (
	"errors"

	"github.com/slswasm/slswasm/guests/go/jsonscan"
	"github.com/slswasm/slswasm/guests/go/mask"
)

// config is what --guest-config says; README.md describes the keys.
type config struct {
	dropReads        bool
	readPrefixes     []string
	keep, risky      map[string]bool // by event name
	mediumAt, highAt int
	indexes          [levels]string // "": what the sink says
	sourceTypes      map[string]string
	mask             mask.Options
}

func defaults() config {
	return config{
		dropReads:    true,
		readPrefixes: []string{"Describe", "List", "Get"},
		keep: set("GetSecretValue", "GetSecretParameter", "GetFederationToken", "GetAuthorizationToken", "GetObjectAcl",
			"GetAccessKeyLastUsed", "GetSessionToken"),
		risky: set("CreateAccessKey", "UpdateAccessKey", "CreateUser", "CreateLoginProfile", "UpdateLoginProfile",
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

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// parseConfig reads the configuration; what it does not say stays as it is by
// default. A key that is not known is an error: it may be a misspelt one.
func parseConfig(text []byte) (config, error) {
	c := defaults()
	if len(text) == 0 {
		return c, nil
	}
	if !jsonscan.Valid(text) || jsonscan.Value(text).Kind() != jsonscan.Object {
		return c, errors.New("the configuration of the audit guest is not a JSON object")
	}
	err := object("", text, func(key string, v jsonscan.Value) error {
		switch key {
		case "drop_reads":
			return boolean(key, v, &c.dropReads)
		case "read_prefixes":
			return list(key, v, &c.readPrefixes)
		case "keep_events":
			return names(key, v, c.keep)
		case "risky_events":
			return names(key, v, c.risky)
		case "thresholds":
			return object(key, v, c.threshold)
		case "indexes":
			return object(key, v, c.index)
		case "sourcetypes":
			return object(key, v, func(topic string, v jsonscan.Value) error {
				s, err := textOf(key+"."+topic, v)
				c.sourceTypes[topic] = s
				return err
			})
		case "mask":
			return object(key, v, c.masking)
		}
		return unknown(key)
	})
	if err == nil && c.mediumAt > c.highAt {
		err = errors.New("thresholds: medium is above high")
	}
	return c, err
}

func (c *config) threshold(key string, v jsonscan.Value) error {
	n, ok := v.Int()
	if !ok || n < 0 || n > 1000 {
		return wrong("thresholds."+key, "a whole number from 0 to 1000")
	}
	switch key {
	case "medium":
		c.mediumAt = int(n)
	case "high":
		c.highAt = int(n)
	default:
		return unknown("thresholds." + key)
	}
	return nil
}

func (c *config) index(key string, v jsonscan.Value) (err error) {
	for l := range levels {
		if l.String() == key {
			c.indexes[l], err = textOf("indexes."+key, v)
			return err
		}
	}
	return unknown("indexes." + key)
}

func (c *config) masking(key string, v jsonscan.Value) error {
	path := "mask." + key
	switch key {
	case "access_keys":
		return boolean(path, v, &c.mask.AccessKeys)
	case "emails":
		return boolean(path, v, &c.mask.Emails)
	case "secrets":
		return boolean(path, v, &c.mask.SecretMembers)
	case "keep_domains":
		return list(path, v, &c.mask.KeepDomains)
	}
	return unknown(path)
}

func unknown(key string) error { return errors.New(key + ": the audit guest has no such setting") }

func wrong(key, want string) error { return errors.New(key + ": must be " + want) }

// object calls f for each member.
func object(key string, v jsonscan.Value, f func(key string, v jsonscan.Value) error) error {
	if v.Kind() != jsonscan.Object {
		return wrong(key, "an object")
	}
	for k, v := range jsonscan.Members(v) {
		if err := f(string(jsonscan.Unescape(nil, k)), v); err != nil {
			return err
		}
	}
	return nil
}

func boolean(key string, v jsonscan.Value, to *bool) error {
	if v.Kind() != jsonscan.Bool {
		return wrong(key, "true or false")
	}
	*to = string(v) == "true"
	return nil
}

func textOf(key string, v jsonscan.Value) (string, error) {
	if v.Kind() != jsonscan.String {
		return "", wrong(key, "a text")
	}
	return string(v.Text(nil)), nil
}

// list reads texts in place of the default.
func list(key string, v jsonscan.Value, to *[]string) error {
	if v.Kind() != jsonscan.Array {
		return wrong(key, "a list of texts")
	}
	*to = nil
	for e := range jsonscan.Elements(v) {
		s, err := textOf(key, e)
		if err != nil || s == "" {
			return wrong(key, "a list of texts that are not empty")
		}
		*to = append(*to, s)
	}
	return nil
}

// names adds event names to the default.
func names(key string, v jsonscan.Value, to map[string]bool) error {
	var l []string
	err := list(key, v, &l)
	for _, n := range l {
		to[n] = true
	}
	return err
}
