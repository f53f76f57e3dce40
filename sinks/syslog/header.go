package syslog

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"github.com/slswasm/slswasm/abi"
)

// The limits of RFC 5424, section 6. RFC 3164 has none of its own for the
// host; its tag is 32 long.
const (
	maxHost   = 255
	maxApp    = 48
	maxProcID = 128
	maxMsgID  = 32
	maxTag    = 32
	maxSDName = 32
)

// A nilValue stands for a header field that is not known.
const nilValue = "-"

// noMeta is the metadata of an event that has none.
var noMeta = abi.NoMeta()

func metaOf(ev *abi.Event) *abi.Meta {
	if ev.Meta == nil {
		return &noMeta
	}
	return ev.Meta
}

// header5424 writes everything before the MSG of RFC 5424; start is where the
// message begins in the buffer. It reports whether it left out the
// STRUCTURED-DATA because the message had no room for it.
func (e *encoder) header5424(ev *abi.Event, start int) (isCut bool) {
	meta := metaOf(ev)
	e.pri(meta)
	e.buf = append(e.buf, '1', ' ')
	e.fraction(e.clock(ev.Time, "2006-01-02T15:04:05"))
	e.buf = append(e.buf, 'Z', ' ')
	e.buf = appendName(e.buf, or(meta.Hostname, e.host), maxHost, "", nilValue)
	e.buf = append(e.buf, ' ')
	e.buf = appendName(e.buf, or(meta.AppName, e.app), maxApp, "", nilValue)
	e.buf = append(e.buf, ' ')
	e.buf = appendName(e.buf, or(meta.ProcID, e.procID), maxProcID, "", nilValue)
	e.buf = append(e.buf, ' ')
	e.buf = appendName(e.buf, or(meta.MsgID, e.id), maxMsgID, "", nilValue)
	e.buf = append(e.buf, ' ')
	before := len(e.buf)
	e.structured(meta.Structured, ev.ID)
	if e.limit == 0 || len(e.buf)-start <= e.limit {
		return false
	}
	// Cut within an element, the message would not be one.
	e.buf = append(e.buf[:before], nilValue...)
	return true
}

// header3164 writes `<PRI>Mmm _d hh:mm:ss HOST `. The zone is UTC: the format
// cannot tell it, and UTC is the one that repeats no hour.
func (e *encoder) header3164(ev *abi.Event) {
	meta := metaOf(ev)
	e.pri(meta)
	e.clock(ev.Time, "Jan _2 15:04:05")
	e.buf = append(e.buf, ' ')
	e.buf = appendName(e.buf, or(meta.Hostname, e.host), maxHost, "", nilValue)
	e.buf = append(e.buf, ' ')
}

// tag3164 writes `TAG[PID]: `.
func (e *encoder) tag3164(ev *abi.Event) {
	meta := metaOf(ev)
	e.buf = appendName(e.buf, or(meta.AppName, e.app), maxTag, "[]:", nilValue)
	if pid := or(meta.ProcID, e.procID); len(pid) > 0 {
		e.buf = append(e.buf, '[')
		e.buf = appendName(e.buf, pid, maxProcID, "[]:", nilValue)
		e.buf = append(e.buf, ']')
	}
	e.buf = append(e.buf, ':', ' ')
}

// namesItself says whether a MSG is one of those that stand, after the older
// header, where others have their tag, and are looked for there.
func namesItself(msg []byte) bool {
	return bytes.HasPrefix(msg, []byte("CEF:")) || bytes.HasPrefix(msg, []byte("LEEF:"))
}

// or returns the guest's text, or the setting when the guest set none.
func or(guest, setting []byte) []byte {
	if len(guest) > 0 {
		return guest
	}
	return setting
}

func (e *encoder) pri(meta *abi.Meta) {
	facility := e.facility
	if meta.Facility >= 0 && int(meta.Facility) < len(facilities) {
		facility = int(meta.Facility)
	}
	e.buf = append(e.buf, '<')
	e.buf = strconv.AppendInt(e.buf, int64(facility<<3|e.level(meta)), 10)
	e.buf = append(e.buf, '>')
}

// level is the number of the severity.
func (e *encoder) level(meta *abi.Meta) int {
	if meta.Severity >= 0 && int(meta.Severity) < len(severities) {
		return int(meta.Severity)
	}
	return e.severity
}

// fraction writes the fraction of a second: 6 digits, the most that RFC 5424
// takes, or nothing when they are all 0.
func (e *encoder) fraction(ns int) {
	us := ns / 1000
	if us == 0 {
		return
	}
	digits := [7]byte{'.'}
	for i := len(digits) - 1; i > 0; i-- {
		digits[i] = byte('0' + us%10)
		us /= 10
	}
	e.buf = append(e.buf, digits[:]...)
}

// idElement is the SD-ID of the element that holds an event's identity. The
// enterprise number is the one that RFC 5612 sets aside.
const idElement = "slswasm@32473"

// structured writes the STRUCTURED-DATA: the event's identity, if there is
// one, and what the guest set. An SD-ID may occur once, so the parameters of
// equal ids come together, and a guest's element with the id of the identity
// is left out; the elements are in the order of their ids, the parameters of
// each as the guest set them.
func (e *encoder) structured(params []abi.Param, id []byte) {
	if id != nil {
		e.buf = append(e.buf, "["+idElement+` id="`...)
		e.buf = append(appendText(e.buf, id, styleParam), '"', ']')
	}
	e.order = e.order[:0]
	for i := range params {
		if id == nil || compareSDNames(params[i].ID, []byte(idElement)) != 0 {
			e.order = append(e.order, i)
		}
	}
	if len(e.order) == 0 {
		if id == nil {
			e.buf = append(e.buf, nilValue...)
		}
		return
	}
	slices.SortStableFunc(e.order, func(a, b int) int { return compareSDNames(params[a].ID, params[b].ID) })
	b := e.buf
	for i, at := range e.order {
		p := &params[at]
		if i == 0 || compareSDNames(params[e.order[i-1]].ID, p.ID) != 0 {
			if i > 0 {
				b = append(b, ']')
			}
			b = append(b, '[')
			b = appendSDName(b, p.ID)
		}
		b = append(b, ' ')
		b = appendSDName(b, p.Name)
		b = append(b, '=', '"')
		b = appendText(b, p.Value, styleParam)
		b = append(b, '"')
	}
	e.buf = append(b, ']')
}

// notInSDName is what an SD-NAME cannot hold beside what no name can.
const notInSDName = `=]"`

func appendSDName(dst, s []byte) []byte {
	return appendName(dst, s, maxSDName, notInSDName, "_")
}

// compareSDNames compares two names as they will be written: what is cut or
// replaced may make them equal.
func compareSDNames(a, b []byte) int {
	var x, y [maxSDName]byte
	return slices.CompareFunc(appendSDName(x[:0], a), appendSDName(y[:0], b), cmp.Compare[byte])
}
