package meter

import (
	"encoding/binary"
	"runtime"
	"sync"

	"github.com/slswasm/slswasm/host/guest/wasmbin"
)

// So many parts at the most, none of them much below so many bytes: what else a
// start does is not done in parts, and smaller ones are soon done.
const (
	partsMost = 4
	partLeast = 256 << 10
)

// A part is some of the functions that follow one another. They need nothing of
// other functions, so all parts are rewritten at once.
type part struct {
	types []uint32
	code  []byte
	out   []byte
	did   Report
	err   error
}

func (m *module) code(out []byte, r *wasmbin.Reader) ([]byte, error) {
	n := r.U32()
	if int64(n) != int64(len(m.funcs)) {
		return nil, errShort
	}
	list := m.parts(r)
	if r.Bad {
		return nil, errShort
	}
	list[0].out = binary.AppendUvarint(out, uint64(n))
	var others sync.WaitGroup
	for i := range list[1:] {
		p := &list[i+1]
		others.Go(func() {
			p.out = make([]byte, 0, len(p.code)+len(p.code)/4)
			m.rewrite(p)
		})
	}
	m.rewrite(&list[0])
	others.Wait()
	out = list[0].out
	for i, p := range list {
		if p.err != nil {
			return nil, p.err
		}
		if i > 0 {
			out = append(out, p.out...)
		}
		m.report.Charges += p.did.Charges
		m.report.Checks += p.did.Checks
	}
	return out, nil
}

// parts cuts the code into one part or several, of about the same length.
func (m *module) parts(r *wasmbin.Reader) (list []part) {
	most := max(1, min(partsMost, runtime.GOMAXPROCS(0), len(r.Buf)/partLeast))
	from, first := r.Pos, 0
	for i := range m.funcs {
		r.Take(r.U32())
		if len(list) < most-1 && r.Pos-from >= len(r.Buf)/most {
			list = append(list, part{types: m.funcs[first : i+1], code: r.Buf[from:r.Pos]})
			from, first = r.Pos, i+1
		}
	}
	return append(list, part{types: m.funcs[first:], code: r.Buf[from:r.Pos]})
}

func (m *module) rewrite(p *part) {
	r := &wasmbin.Reader{Buf: p.code}
	f := &function{module: m, r: &wasmbin.Reader{}}
	for _, t := range p.types {
		*f.r = wasmbin.Reader{Buf: r.Take(r.U32())}
		if p.err = f.rewrite(m.params[t]); p.err != nil {
			return
		}
		p.out = append(binary.AppendUvarint(p.out, uint64(len(f.out))), f.out...)
	}
	p.did = f.did
}
