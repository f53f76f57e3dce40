package abi

import "fmt"

// setMeta reads one piece of metadata. What an earlier guest set is copied
// first, for it may be shared.
func (a *applier) setMeta() {
	if a.meta == nil {
		a.openMeta()
	}
	at, m := a.pos, a.meta
	switch id := MetaID(a.u8()); id {
	case MetaField:
		if f := (Field{Key: a.text(), Value: a.text()}); a.fields(1) {
			m.Fields = append(m.Fields, f)
		}
	case MetaStructured:
		if p := (Param{ID: a.text(), Name: a.text(), Value: a.text()}); a.fields(1) {
			m.Structured = append(m.Structured, p)
		}
	case MetaFacility:
		m.Facility = a.level("facility", 23)
	case MetaSeverity:
		m.Severity = a.level("severity", 7)
	default:
		if text := m.text(id); text != nil {
			*text = a.text()
		} else {
			a.fail(at, fmt.Errorf("metadata %d is not known", id))
		}
	}
}

// text returns where the metadata of this id goes, if it is one text.
func (m *Meta) text(id MetaID) *[]byte {
	switch id {
	case MetaIndex:
		return &m.Index
	case MetaSource:
		return &m.Source
	case MetaSourceType:
		return &m.SourceType
	case MetaHost:
		return &m.Host
	case MetaAppName:
		return &m.AppName
	case MetaProcID:
		return &m.ProcID
	case MetaMsgID:
		return &m.MsgID
	case MetaHostname:
		return &m.Hostname
	case MetaRoute:
		return &m.Route
	}
	return nil
}

func (a *applier) level(what string, most byte) int8 {
	at := a.pos
	v := a.u8()
	if v > most {
		a.fail(at, fmt.Errorf("%s %d is above %d", what, v, most))
	}
	return int8(v)
}

// openMeta starts the event's own Meta, with lists that are open to append to.
func (a *applier) openMeta() {
	m := NoMeta()
	if a.ev.Meta != nil {
		m = *a.ev.Meta
	}
	a.fields(len(m.Fields) + len(m.Structured))
	a.meta = &a.out.metas.keep(append(a.out.metas.open(1), m))[0]
	if a.err == nil {
		a.meta.Fields = append(a.out.marked.open(len(m.Fields)+1), m.Fields...)
		a.meta.Structured = append(a.out.params.open(len(m.Structured)+1), m.Structured...)
	}
}

func (a *applier) closeMeta() {
	a.meta.Fields = a.out.marked.keep(a.meta.Fields)
	a.meta.Structured = a.out.params.keep(a.meta.Structured)
	a.ev.Meta = a.meta
}
