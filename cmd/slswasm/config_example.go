package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

func configExampleCommand() *cli.Command {
	return &cli.Command{
		Name:  "example",
		Usage: "print a configuration file that explains itself",
		Description: "What stands behind a # is a setting that is not set, with its default. To begin with:\n" +
			"  slswasm config example >slswasm.yaml",
		Action: func(c *cli.Context) error {
			_, err := fmt.Fprint(c.App.Writer, example())
			return err
		},
	}
}

const exampleIntroduction = `# A configuration file for slswasm run --config FILE. Its keys are the flags of slswasm run.
#
# A flag on the command line stands above its environment variable, and that above this file.
# A key of a source or a transform may also stand at the top, for all of them that do not have it.
# Any value may be ${NAME}, an environment variable (${NAME:-TEXT}: with a text when it is not set),
# or file:PATH, what a file holds; $${NAME} and $$file: are the texts themselves.
# Paths are seen from the folder of this file.
#
# slswasm config check FILE says what is wrong, and where; slswasm config show FILE what is in force.
`

// exampleValues are what is set in the example, by place and key.
var exampleValues = map[string]map[string]string{
	keySources: {
		"endpoint": "https://cn-hangzhou.log.aliyuncs.com", "project": "my-project", "logstore": "[actiontrail, audit]", "group": "siem",
		"access-key-id": `${SLS_AK_ID:-your-key}`, "access-key-secret": `${SLS_AK_KEY:-your-secret}`, "sinks": "[splunk, qradar]",
	},
	"hec":    {"name": "splunk", "type": "hec", "url": "[https://splunk.example.com:8088]", "token": `${SPLUNK_TOKEN:-your-token}`},
	"syslog": {"name": "qradar", "type": "syslog", "url": "[tls://qradar.example.com:6514]", "payload": "leef"},
}

// exampleHints are values in remarks where the default would say nothing. A
// key that means another thing in a transform has its place before it.
var exampleHints = map[string]string{
	"name": "prod", placeOfTransforms + ": name": "audit", "transforms": "[audit]", "module": "audit.wasm", "config": "{drop_reads: false}", "sinks": "[splunk, qradar]",
	"until": "now", "query": `"* | where instance_id = 'i-1'"`, "region": "cn-hangzhou", "compile-cache": "/var/cache/slswasm",
}

// example is a file with every key there is.
func example() string {
	var out strings.Builder
	out.WriteString(exampleIntroduction)
	s := newSchema()
	category := ""
	for _, f := range s.top.flags {
		name := f.Names()[0]
		if s.source.names[name] != "" || s.transform.names[name] != "" {
			continue
		}
		if c := f.(cli.CategorizableFlag).GetCategory(); c != category {
			category = c
			fmt.Fprintf(&out, "\n# --- %s ---\n", category)
		}
		exampleLine(&out, "", s.top, f, nil)
	}
	out.WriteString("\n# --- What is consumed, and the way that it takes: through some of the transforms to some of the sinks ---\n")
	out.WriteString(keySources + ":\n")
	exampleEntry(&out, s.source, exampleValues[keySources])
	out.WriteString("\n# --- The modules ---\n#" + keyTransforms + ":\n")
	exampleEntry(&out, s.transform, nil)
	out.WriteString("\n# --- The receivers ---\n" + keySinks + ":\n")
	exampleEntry(&out, s.hec, exampleValues["hec"])
	out.WriteString("\n")
	exampleEntry(&out, s.syslog, exampleValues["syslog"])
	return out.String()
}

// exampleEntry writes an entry of a list, what is set first.
func exampleEntry(out *strings.Builder, k *keys, set map[string]string) {
	indent := "  - "
	for _, wanted := range []bool{true, false} {
		for _, f := range k.flags {
			if _, isSet := set[k.names[f.Names()[0]]]; isSet == wanted || len(set) == 0 && wanted {
				exampleLine(out, indent, k, f, set)
				indent = "    "
			}
		}
		if len(set) == 0 {
			return
		}
	}
}

var (
	backquoted = regexp.MustCompile("`[^`]*`")
	remarks    = regexp.MustCompile(` ?\(documented: [^)]*\)`)
)

// exampleLine writes what a key is about, and the key itself: as a remark
// unless it is set.
func exampleLine(out *strings.Builder, indent string, k *keys, f cli.Flag, set map[string]string) {
	key := k.names[f.Names()[0]]
	about := remarks.ReplaceAllString(f.(cli.DocGenerationFlag).GetUsage(), "")
	about = backquoted.ReplaceAllStringFunc(about, func(s string) string { return strings.Trim(s, "`") })
	about = flagInText.ReplaceAllStringFunc(about, func(word string) string {
		if key, ok := k.names[word[2:]]; ok {
			return key
		}
		return word
	})
	margin := strings.Repeat(" ", len(indent))
	value, isSet := set[key]
	mark := "#"
	if isSet {
		mark = ""
	} else {
		value = cmp.Or(exampleHints[k.place+": "+key], exampleHints[key], exampleDefault(f))
	}
	line := indent + mark + key + ": " + value
	if mark != "" && indent == "  - " {
		line = "#" + indent + key + ": " + value
	}
	if about = strings.TrimSpace(about); about == "" {
		fmt.Fprintln(out, line)
		return
	}
	if len(line) < 44 && len(about) < 80 {
		fmt.Fprintf(out, "%-44s # %s\n", line, about)
		return
	}
	fmt.Fprintf(out, "%s# %s\n%s\n", margin, about, line)
}

// exampleDefault is the default of a flag that was not applied to anything.
func exampleDefault(f cli.Flag) string {
	switch f := f.(type) {
	case *cli.BoolFlag:
		return strconv.FormatBool(f.Value)
	case *cli.StringSliceFlag:
		var words []string
		if f.Value != nil {
			for _, text := range f.Value.Value() {
				words = append(words, quote(text))
			}
		}
		return "[" + strings.Join(words, ", ") + "]"
	case cli.DocGenerationFlag:
		return quote(f.GetValue())
	}
	return `""`
}
