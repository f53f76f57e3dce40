package jsonscan

// A Rewriter copies JSON text with some of its strings replaced. It holds
// buffers: use one again and again.
type Rewriter struct {
	scan  Scanner
	text  []byte // of a string with escapes
	fresh []byte // what replace has written
}

// Strings passes every string value, not the keys, to replace: its member's
// key as it is written, and its text without escapes. Replace appends the new
// text to dst and returns it and true, or returns false to keep the string.
// An array's strings go by the array's key.
//
// If nothing was replaced, Strings returns src itself and false. Otherwise it
// returns the new JSON text, appended to dst, which must not overlap src, and
// true. An error says that src is not valid.
func (w *Rewriter) Strings(dst, src []byte, replace func(dst, key, text []byte) ([]byte, bool)) ([]byte, bool, error) {
	w.scan.Reset(src)
	done := 0 // src[:done] stands in dst
	for w.scan.Next() {
		if w.scan.Kind() != String {
			continue
		}
		raw := w.scan.Raw()
		text := Unescape(w.text, raw[1:len(raw)-1])
		if len(text) > 0 && &text[0] != &raw[1] {
			w.text = text // it may have grown
		}
		fresh, replaced := replace(w.fresh[:0], w.scan.Key(), text)
		w.fresh = fresh
		if !replaced {
			continue
		}
		at := w.scan.Offset()
		dst = AppendString(append(dst, src[done:at]...), w.fresh)
		done = at + len(raw)
	}
	if w.scan.err != nil {
		return nil, false, w.scan.Err()
	}
	if done == 0 {
		return src, false, nil
	}
	return append(dst, src[done:]...), true, nil
}
