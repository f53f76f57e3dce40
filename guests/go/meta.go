package slswasm

import "strconv"

// HEC returns what the event says to Splunk's HTTP Event Collector beside its
// fields. What is not said is left to the sink's settings.
func (e Event) HEC() HEC { return HEC{e} }

// HEC is metadata for Splunk; see Event.HEC. Its methods return it, so that
// calls chain.
type HEC struct{ e Event }

// Index sets the index.
func (h HEC) Index(v string) HEC { return HEC{h.e.metaText(metaIndex, v)} }

// Source sets the source.
func (h HEC) Source(v string) HEC { return HEC{h.e.metaText(metaSource, v)} }

// SourceType sets the sourcetype.
func (h HEC) SourceType(v string) HEC { return HEC{h.e.metaText(metaSourceType, v)} }

// Host sets the host.
func (h HEC) Host(v string) HEC { return HEC{h.e.metaText(metaHost, v)} }

// Field adds an indexed field; it may be called again for others.
func (h HEC) Field(name, value string) HEC {
	return HEC{h.e.metaTexts(metaField, name, value)}
}

// Syslog returns what the event says in its syslog header. What is not said
// is left to the sink's settings.
func (e Event) Syslog() Syslog { return Syslog{e} }

// Syslog is metadata for syslog; see Event.Syslog. Its methods return it, so
// that calls chain.
type Syslog struct{ e Event }

// A Severity is one of RFC 5424's, section 6.2.1.
type Severity uint8

// The severities, from the worst.
const (
	Emergency Severity = iota
	Alert
	Critical
	Error
	Warning
	Notice
	Informational
	Debugging
)

// Severity sets the severity.
func (s Syslog) Severity(v Severity) Syslog { return Syslog{s.e.metaByte(metaSeverity, uint8(v), 7)} }

// Facility sets the facility, 0 to 23 (RFC 5424, section 6.2.1).
func (s Syslog) Facility(v uint8) Syslog { return Syslog{s.e.metaByte(metaFacility, v, 23)} }

// AppName sets APP-NAME.
func (s Syslog) AppName(v string) Syslog { return Syslog{s.e.metaText(metaAppName, v)} }

// ProcID sets PROCID.
func (s Syslog) ProcID(v string) Syslog { return Syslog{s.e.metaText(metaProcID, v)} }

// MsgID sets MSGID.
func (s Syslog) MsgID(v string) Syslog { return Syslog{s.e.metaText(metaMsgID, v)} }

// Hostname sets HOSTNAME.
func (s Syslog) Hostname(v string) Syslog { return Syslog{s.e.metaText(metaHostname, v)} }

// Structured adds a parameter to the structured data element of this id; it
// may be called again for others.
func (s Syslog) Structured(id, name, value string) Syslog {
	return Syslog{s.e.metaTexts(metaStructured, id, name).text(value)}
}

func (e Event) metaText(id byte, v string) Event {
	b := e.room(2 + 4 + len(v))
	b[0], b[1] = opMeta, id
	putText(b[2:], v)
	return e
}

func (e Event) metaTexts(id byte, v, w string) Event {
	b := e.room(2 + 4 + len(v) + 4 + len(w))
	b[0], b[1] = opMeta, id
	putText(b[2:], v)
	putText(b[2+4+len(v):], w)
	return e
}

func (e Event) text(v string) Event {
	putText(e.room(4+len(v)), v)
	return e
}

func (e Event) metaByte(id, v, most byte) Event {
	if v > most {
		panic("slswasm: a syslog facility or severity of " + strconv.Itoa(int(v)) + " is over " + strconv.Itoa(int(most)))
	}
	b := e.room(3)
	b[0], b[1], b[2] = opMeta, id, v
	return e
}
