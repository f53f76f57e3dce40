package doctor

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/abi"
)

func ok(format string, args ...any) finding {
	return finding{status: OK, found: fmt.Sprintf(format, args...)}
}

func skipped(why string) finding {
	return finding{status: Skipped, found: why}
}

// A problem is a finding that lacks what to do about it.
type problem finding

func warning(format string, args ...any) problem {
	return problem{status: Warning, found: fmt.Sprintf(format, args...)}
}

func failed(format string, args ...any) problem {
	return problem{status: Failed, found: fmt.Sprintf(format, args...)}
}

// but says what to do about it, in one sentence.
func (p problem) but(format string, args ...any) finding {
	p.remedy = fmt.Sprintf(format, args...)
	return finding(p)
}

// longest is what a text has room for, in bytes.
const longest = 800

// redactor makes lines printable, and keeps secrets out of them: what a server
// or a guest says may hold what it was told.
func (c Config) redactor(patients []*patient) func(Line) Line {
	secrets := c.Secrets
	for _, p := range patients {
		secrets = append(secrets, p.secrets...)
	}
	for _, f := range c.Host.Flows {
		for _, s := range f.Sources {
			secrets = append(secrets, keys(s.Credentials)...)
		}
	}
	hide := replacer(secrets)
	clean := func(s string) string { return abi.Printable([]byte(hide.Replace(s)), longest) }
	return func(l Line) Line {
		l.Subject, l.Found, l.Remedy = clean(l.Subject), clean(l.Found), clean(l.Remedy)
		return l
	}
}

// keys are what of credentials is secret, if they can be had.
func keys(from sls.CredentialsProvider) []string {
	if from == nil {
		return nil
	}
	k, err := from.GetCredentials()
	if err != nil {
		return nil
	}
	return []string{k.AccessKeySecret, k.SecurityToken}
}

// password is what of a proxy's address is secret.
func password(u *url.URL) []string {
	if u == nil {
		return nil
	}
	secret, _ := u.User.Password()
	return []string{secret}
}

// replacer hides secrets, also as they stand in URLs and in quotes. One of a few
// letters is none, and would tear holes into words.
func replacer(secrets []string) *strings.Replacer {
	const shortest = 4
	var pairs []string
	for _, s := range secrets {
		if len(s) < shortest {
			continue
		}
		quoted := strconv.Quote(s)
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), url.UserPassword("", s).String()[1:], quoted[1 : len(quoted)-1]} {
			pairs = append(pairs, form, "***")
		}
	}
	return strings.NewReplacer(pairs...)
}
