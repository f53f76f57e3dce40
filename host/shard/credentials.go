package shard

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// StaticCredentials are an access key and, when it is temporary, its STS
// token.
func StaticCredentials(id, secret, token string) (sls.CredentialsProvider, error) {
	c := sls.Credentials{AccessKeyID: id, AccessKeySecret: secret, SecurityToken: token}
	if err := complete(c); err != nil {
		return nil, err
	}
	return sls.NewStaticCredentialsProvider(id, secret, token), nil
}

func complete(c sls.Credentials) error {
	var errs []error
	if c.AccessKeyID == "" {
		errs = append(errs, errors.New("the access key id is missing"))
	}
	if c.AccessKeySecret == "" {
		errs = append(errs, errors.New("the access key secret is missing"))
	}
	return errors.Join(errs...)
}

// FileCredentials reads an access key from a file, now and again whenever the
// file has changed, so that rotated STS tokens are picked up. The file holds
// one JSON object, such as the answer of AssumeRole, or lines of key = value;
// the keys are access_key_id, access_key_secret and security_token in any
// spelling, and the documented SLS_AK_ID and SLS_AK_KEY.
func FileCredentials(path string) (sls.CredentialsProvider, error) {
	p := &fileCredentials{path: path}
	if _, err := p.GetCredentials(); err != nil {
		return nil, err
	}
	return p, nil
}

type fileCredentials struct {
	path string

	mu    sync.Mutex
	state os.FileInfo // of the file when it was read
	last  sls.Credentials
}

func (p *fileCredentials) GetCredentials() (sls.Credentials, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	state, err := os.Stat(p.path)
	if err != nil {
		return sls.Credentials{}, fmt.Errorf("credentials file: %w", err)
	}
	if p.state != nil && os.SameFile(state, p.state) && state.ModTime().Equal(p.state.ModTime()) && state.Size() == p.state.Size() {
		return p.last, nil
	}
	text, err := os.ReadFile(p.path)
	if err != nil {
		return sls.Credentials{}, fmt.Errorf("credentials file: %w", err)
	}
	c, err := parseCredentials(text)
	if err != nil {
		return sls.Credentials{}, fmt.Errorf("credentials file %s: %w", p.path, err)
	}
	p.state, p.last = state, c
	return c, nil
}

func parseCredentials(text []byte) (sls.Credentials, error) {
	values := map[string]string{}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		if err := jsonValues(text, values); err != nil {
			return sls.Credentials{}, err
		}
	} else if err := lineValues(text, values); err != nil {
		return sls.Credentials{}, err
	}
	first := func(keys ...string) string {
		for _, k := range keys {
			if v := values[k]; v != "" {
				return v
			}
		}
		return ""
	}
	c := sls.Credentials{
		AccessKeyID:     first("accesskeyid", "slsakid", "alibabacloudaccesskeyid"),
		AccessKeySecret: first("accesskeysecret", "slsakkey", "alibabacloudaccesskeysecret"),
		SecurityToken:   first("securitytoken", "ststoken", "alibabacloudsecuritytoken"),
	}
	return c, complete(c)
}

func jsonValues(text []byte, values map[string]string) error {
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	for key, v := range object {
		switch v := v.(type) {
		case string:
			values[plainKey(key)] = v
		case map[string]any: // AssumeRole nests them under Credentials
			for key, v := range v {
				if text, ok := v.(string); ok {
					values[plainKey(key)] = text
				}
			}
		}
	}
	return nil
}

func lineValues(text []byte, values map[string]string) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.ContainsRune("#;[", rune(line[0])) {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return fmt.Errorf("line %d: want key = value", n) // the line itself may be a secret
		}
		key = strings.TrimPrefix(strings.TrimSpace(key), "export ")
		values[plainKey(key)] = strings.Trim(strings.TrimSpace(value), `"'`)
	}
	return lines.Err()
}

// plainKey makes one spelling of AccessKeyId, access_key_id and access-key-id.
func plainKey(key string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(key))
}

const metadataURL = "http://100.100.100.200/latest/meta-data/ram/security-credentials/"

// RoleCredentials are those of the RAM role of the ECS instance on which this
// process runs, fetched from its metadata service and again before they end.
func RoleCredentials(role string) sls.CredentialsProvider {
	return roleCredentials(metadataURL, role)
}

// roleCredentials is not the SDK's own provider because that one waits for
// the metadata service without any limit.
func roleCredentials(base, role string) sls.CredentialsProvider {
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return sls.NewUpdateFuncProviderAdapter(func() (id, secret, token string, until time.Time, err error) {
		resp, err := client.Get(base + url.PathEscape(role))
		if err != nil {
			return "", "", "", until, fmt.Errorf("RAM role %q: %w: is this an ECS instance that has the role?", role, err)
		}
		defer func() { _ = resp.Body.Close() }()
		var answer struct {
			Code, AccessKeyID, AccessKeySecret, SecurityToken string
			Expiration                                        time.Time
		}
		if resp.StatusCode != http.StatusOK {
			return "", "", "", until, fmt.Errorf("RAM role %q: the metadata service answered %s: does the instance have this role?", role, resp.Status)
		}
		if err := json.NewDecoder(http.MaxBytesReader(nil, resp.Body, 64<<10)).Decode(&answer); err != nil {
			return "", "", "", until, fmt.Errorf("RAM role %q: the metadata service's answer: %w", role, err)
		}
		return answer.AccessKeyID, answer.AccessKeySecret, answer.SecurityToken, answer.Expiration, nil
	})
}
