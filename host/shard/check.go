package shard

// A common is where the fields of a log group are that are not logs, which
// may be among them.
type common struct{ from, to int }

// check says where the pull is broken, and of each log group where its common
// fields are. It takes what the decoder takes, and refuses what the decoder
// refuses.
func check(raw []byte, groups []common) ([]common, error) {
	list := scan{raw: raw, end: len(raw)}
	for list.next() {
		if list.field != 1 {
			continue
		}
		if !list.want(wireBytes) {
			break
		}
		c, err := checkGroup(list.within())
		if err != nil {
			return groups, err
		}
		groups = append(groups, c)
	}
	return groups, asError(list.err)
}

func checkGroup(s scan) (c common, err error) {
	for at := s.pos; s.next(); at = s.pos {
		if s.field != 1 {
			if c.to == 0 {
				c.from = at
			}
			c.to = s.pos
		}
		if s.field > 6 {
			continue
		}
		if !s.want(wireBytes) {
			break
		}
		switch s.field {
		case 1:
			err = checkLog(s.within())
		case 6:
			_, _, err = pair(s.within())
		}
		if err != nil {
			return c, err
		}
	}
	return c, asError(s.err)
}

func checkLog(s scan) error {
	if usualLog(s.raw[s.pos:s.end]) {
		return nil
	}
	if _, _, err := stamps(s); err != nil {
		return err
	}
	for s.expect(keyContent) {
		if s.field == 2 {
			if _, _, err := pair(s.within()); err != nil {
				return err
			}
		}
	}
	return asError(s.err)
}

// usualLog says whether a log is of the shape that nearly all have: a time of
// five bytes, contents with a short key and a short value, perhaps nanoseconds.
func usualLog(b []byte) bool {
	const keyTime, keyNanos, timeLen, nanosLen = 1<<3 | wireVarint, 4<<3 | wireFixed32, 6, 5
	if len(b) < timeLen || b[0] != keyTime || b[1] < 0x80 || b[2] < 0x80 || b[3] < 0x80 || b[4] < 0x80 || b[5] >= 0x80 {
		return false
	}
	at := timeLen
	for at < len(b) && b[at] == keyContent {
		n, from := short(b, at+1)
		if n < 0 || n > len(b)-from {
			return false
		}
		if _, _, ok := usual(b[from : from+n]); !ok {
			return false
		}
		at = from + n
	}
	return at == len(b) || at+nanosLen == len(b) && b[at] == keyNanos
}
