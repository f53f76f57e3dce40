package slstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readJSON reads a body that is one JSON value.
func readJSON(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one value")
		}
	}
	if err != nil {
		return failure(400, codePostBodyInvalid, "body: %v", err)
	}
	return nil
}

// group looks a consumer group up; it needs s.mu.
func (ls *logstore) group(name string) (*consumerGroup, error) {
	g := ls.groups[name]
	if g == nil {
		return nil, failure(404, codeConsumerGroupNotExist, "consumer group %q does not exist", name)
	}
	return g, nil
}

// withGroup runs f under s.mu.
func (s *Server) withGroup(req *request, f func(*logstore, *consumerGroup) error) error {
	ls, err := s.find(req.Project, req.Logstore)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := ls.group(req.Group)
	if err != nil {
		return err
	}
	return f(ls, g)
}

func (s *Server) listGroups(req *request) (*reply, error) {
	type listed struct {
		Name    string `json:"name"`
		Timeout int    `json:"timeout"` // seconds
		Order   bool   `json:"order"`
	}
	ls, err := s.find(req.Project, req.Logstore)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []listed{}
	for _, name := range slices.Sorted(maps.Keys(ls.groups)) {
		g := ls.groups[name]
		out = append(out, listed{name, int(g.timeout / time.Second), g.order})
	}
	return replyJSON(out)
}

// groupSettings are what a group is created or updated with; an update may
// leave some out.
type groupSettings struct {
	Name    string `json:"consumerGroup"`
	Timeout *int   `json:"timeout"` // seconds
	Order   *bool  `json:"order"`
}

func readSettings(body []byte) (set groupSettings, err error) {
	err = readJSON(body, &set)
	if err == nil && set.Timeout != nil && *set.Timeout <= 0 {
		err = badParameter("timeout %d: want a number of seconds above 0", *set.Timeout)
	}
	return set, err
}

func (s *Server) createGroup(req *request) (*reply, error) {
	ls, err := s.find(req.Project, req.Logstore)
	if err != nil {
		return nil, err
	}
	set, err := readSettings(req.body)
	if err != nil {
		return nil, err
	}
	if set.Name == "" || strings.ContainsAny(set.Name, "/?#") || set.Timeout == nil {
		return nil, badParameter("a consumer group needs a consumerGroup name and a timeout")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ls.groups[set.Name] != nil {
		return nil, failure(400, codeConsumerGroupExist, "consumer group %q already exists", set.Name)
	}
	if len(ls.groups) >= MaxConsumerGroups {
		return nil, failure(403, codeConsumerGroupQuota, "logstore %q has %d consumer groups already", ls.name, len(ls.groups))
	}
	timeout := time.Duration(*set.Timeout) * time.Second
	ls.groups[set.Name] = newConsumerGroup(set.Name, timeout, set.Order != nil && *set.Order)
	return &reply{}, nil
}

func (s *Server) updateGroup(req *request) (*reply, error) {
	set, err := readSettings(req.body)
	if err != nil {
		return nil, err
	}
	return &reply{}, s.withGroup(req, func(_ *logstore, g *consumerGroup) error {
		if set.Timeout != nil {
			g.timeout = time.Duration(*set.Timeout) * time.Second
		}
		if set.Order != nil {
			g.order = *set.Order
		}
		return nil
	})
}

func (s *Server) deleteGroup(req *request) (*reply, error) {
	return &reply{}, s.withGroup(req, func(ls *logstore, g *consumerGroup) error {
		delete(ls.groups, g.name)
		return nil
	})
}

func (s *Server) heartbeat(req *request) (rep *reply, err error) {
	var held []int
	if err := readJSON(req.body, &held); err != nil {
		return nil, err
	}
	if req.Consumer == "" {
		return nil, badParameter("consumer is empty")
	}
	err = s.withGroup(req, func(ls *logstore, g *consumerGroup) error {
		rep, err = replyJSON(g.beat(req.Consumer, held, ls.shards, s.cfg.Now()))
		return err
	})
	return rep, err
}

func (s *Server) saveCheckpoint(req *request) (*reply, error) {
	var body struct {
		Shard      *int   `json:"shard"`
		Checkpoint string `json:"checkpoint"`
	}
	if err := readJSON(req.body, &body); err != nil {
		return nil, err
	}
	force, err := parseBool(req.query.Get("forceSuccess"))
	if err != nil {
		return nil, err
	}
	if body.Shard == nil {
		return nil, badParameter("shard is missing")
	}
	if _, err := DecodeCursor(body.Checkpoint); err != nil {
		return nil, err
	}
	return &reply{}, s.withGroup(req, func(ls *logstore, g *consumerGroup) error {
		if _, err := ls.shard(*body.Shard, 404); err != nil {
			return err
		}
		return g.save(req.Consumer, *body.Shard, body.Checkpoint, force, s.cfg.Now())
	})
}

// parseBool also takes Python's spelling.
func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	}
	return false, badParameter("forceSuccess %q: want true or false", text)
}

func (s *Server) getCheckpoints(req *request) (rep *reply, err error) {
	type listed struct {
		Shard      int    `json:"shard"`
		Checkpoint string `json:"checkpoint"`
		UpdateTime int64  `json:"updateTime"` // microseconds; 0 when never saved
		Consumer   string `json:"consumer"`
	}
	err = s.withGroup(req, func(ls *logstore, g *consumerGroup) error {
		shards := ls.shards
		if text := req.query.Get("shard"); text != "" {
			id, err := strconv.Atoi(text)
			if err != nil {
				return badParameter("shard %q is no number", text)
			}
			sh, err := ls.shard(id, 404)
			if err != nil {
				return err
			}
			shards = []*shard{sh}
		}
		out := []listed{}
		for _, sh := range shards {
			l := listed{Shard: sh.id}
			if c, ok := g.checkpoints[sh.id]; ok {
				l.Checkpoint, l.UpdateTime, l.Consumer = c.cursor, c.updated.UnixMicro(), c.consumer
			}
			out = append(out, l)
		}
		rep, err = replyJSON(out)
		return err
	})
	return rep, err
}
