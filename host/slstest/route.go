package slstest

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A Kind is one operation of the service, by its documented name.
type Kind string

// The operations that the emulator carries out.
const (
	GetProject          Kind = "GetProject"
	ListLogStores       Kind = "ListLogStores"
	GetLogStore         Kind = "GetLogStore"
	ListConsumerGroup   Kind = "ListConsumerGroup"
	CreateConsumerGroup Kind = "CreateConsumerGroup"
	UpdateConsumerGroup Kind = "UpdateConsumerGroup"
	DeleteConsumerGroup Kind = "DeleteConsumerGroup"
	HeartBeat           Kind = "ConsumerGroupHeartBeat"
	UpdateCheckPoint    Kind = "ConsumerGroupUpdateCheckPoint"
	GetCheckPoint       Kind = "GetCheckPoint"
	GetCursor           Kind = "GetCursor"
	GetCursorTime       Kind = "GetCursorTime"
	PullLogs            Kind = "PullLogs"
	ListShards          Kind = "ListShards"
	SplitShard          Kind = "SplitShard"
	MergeShards         Kind = "MergeShards"
	PutLogs             Kind = "PutLogs"
)

// A Call is one request as the emulator understood it.
type Call struct {
	Kind                               Kind // "" when it is no operation that the emulator knows
	Project, Logstore, Group, Consumer string
	Shard                              int // NoShard when the call names none in its path
	N                                  int // the n-th call of its kind, from 1
}

// NoShard is the Shard of a Call that concerns none.
const NoShard = -1

// A request is a call with all that its handler needs.
type request struct {
	Call
	header http.Header
	query  url.Values
	body   []byte
}

// A reply is a 200.
type reply struct {
	header map[string]string
	body   []byte
}

func replyJSON(v any) (*reply, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &reply{header: map[string]string{"Content-Type": "application/json"}, body: b}, nil
}

// A route is one line of the table of calls. A path's segments in braces
// match anything; the parameter, when there is one, must have one of the
// values.
type route struct {
	kind         Kind
	method, path string
	param        string
	values       []string
	handle       func(*Server, *request) (*reply, error)
}

func routes() []route {
	const (
		store  = "/logstores/{logstore}"
		shards = store + "/shards"
		shard  = shards + "/{shard}"
		groups = store + "/consumergroups"
		group  = groups + "/{group}"
	)
	return []route{
		{GetProject, "GET", "/", "", nil, (*Server).getProject},
		{ListLogStores, "GET", "/logstores", "", nil, (*Server).listLogStores},
		{GetLogStore, "GET", store, "type", []string{""}, (*Server).getLogStore},
		{PutLogs, "POST", store, "", nil, (*Server).putLogs},
		{ListShards, "GET", shards, "", nil, (*Server).listShards},
		{PutLogs, "POST", shards + "/lb", "", nil, (*Server).putLogs},
		{PutLogs, "POST", shards + "/route", "", nil, (*Server).putLogs},
		{GetCursor, "GET", shard, "type", []string{"cursor"}, (*Server).getCursor},
		{GetCursorTime, "GET", shard, "type", []string{"cursor_time"}, (*Server).getCursorTime},
		{PullLogs, "GET", shard, "type", []string{"log", "logs"}, (*Server).pullLogs},
		{SplitShard, "POST", shard, "action", []string{"split"}, (*Server).splitShard},
		{MergeShards, "POST", shard, "action", []string{"merge"}, (*Server).mergeShards},
		{ListConsumerGroup, "GET", groups, "", nil, (*Server).listGroups},
		{CreateConsumerGroup, "POST", groups, "", nil, (*Server).createGroup},
		{UpdateConsumerGroup, "PUT", group, "", nil, (*Server).updateGroup},
		{DeleteConsumerGroup, "DELETE", group, "", nil, (*Server).deleteGroup},
		{GetCheckPoint, "GET", group, "", nil, (*Server).getCheckpoints},
		{HeartBeat, "POST", group, "type", []string{"heartbeat"}, (*Server).heartbeat},
		{UpdateCheckPoint, "POST", group, "type", []string{"checkpoint"}, (*Server).saveCheckpoint},
	}
}

// match compares a path with a pattern and fills in what the braces stand for.
func (rt *route) match(method string, path []string, query url.Values, call *Call) bool {
	pattern := segments(rt.path)
	if method != rt.method || len(pattern) != len(path) || rt.param != "" && !slices.Contains(rt.values, query.Get(rt.param)) {
		return false
	}
	found := Call{Kind: rt.kind, Project: call.Project, Consumer: query.Get("consumer"), Shard: NoShard}
	for i, want := range pattern {
		switch got := path[i]; want {
		case "{logstore}":
			found.Logstore = got
		case "{group}":
			found.Group = got
		case "{shard}":
			n, err := strconv.ParseUint(got, 10, 31)
			if err != nil {
				return false
			}
			found.Shard = int(n)
		case got:
		default:
			return false
		}
	}
	*call = found
	return true
}

func segments(path string) []string {
	if path = strings.Trim(path, "/"); path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// parse finds out which call a request is. The request's host names the
// project, whether the client came straight here, through a proxy setting
// (then the request line has the whole URL) or by a dialler of its own.
func (s *Server) parse(r *http.Request) (*request, *route) {
	req := &request{header: r.Header, query: r.URL.Query()}
	req.Call = Call{Project: projectOf(r.Host), Shard: NoShard}
	path := segments(r.URL.Path)
	for i := range s.routes {
		if s.routes[i].match(r.Method, path, req.query, &req.Call) {
			return req, &s.routes[i]
		}
	}
	return req, nil
}

// projectOf returns the first label of a host: <project>.<endpoint>. An
// address or a host of one label has no project.
func projectOf(host string) string {
	host = withoutPort(host)
	if net.ParseIP(strings.Trim(host, "[]")) != nil {
		return ""
	}
	project, _, ok := strings.Cut(host, ".")
	if !ok {
		return ""
	}
	return project
}

func withoutPort(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

// readBody reads a request's body, which has no place in memory beyond what
// a put may have uncompressed (a compressed body is hardly ever larger).
func (s *Server) readBody(r *http.Request) ([]byte, error) {
	if (r.Method == "POST" || r.Method == "PUT") && r.ContentLength < 0 {
		return nil, failure(411, codeMissingContentLength, "Content-Length does not exist in http header when it is necessary.")
	}
	limit := int64(s.cfg.MaxPutBytes) + int64(s.cfg.MaxPutBytes)/255 + 1024
	if r.ContentLength > limit {
		return nil, s.tooLarge(r.ContentLength)
	}
	if r.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case err != nil:
		return nil, failure(400, codePostBodyInvalid, "body: %v", err)
	case int64(len(body)) > limit:
		return nil, s.tooLarge(int64(len(body)))
	}
	return body, nil
}

func (s *Server) tooLarge(n int64) *Error {
	return failure(400, codePostBodyTooLarge, "body of %d bytes: at most %d", n, s.cfg.MaxPutBytes)
}

// carryOut authenticates a request and does what it asks.
func (s *Server) carryOut(r *http.Request, req *request, rt *route) (*reply, error) {
	body, err := s.readBody(r)
	if err != nil {
		return nil, err
	}
	if err := s.authenticate(r, body); err != nil {
		return nil, err
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, badParameter("query string: %v", err)
	}
	if _, err := s.findProject(req.Project); err != nil {
		return nil, err
	}
	if err := s.authorize(&req.Call); err != nil {
		return nil, err
	}
	if rt == nil {
		return nil, failure(400, codeNotSupported, "%s %s is no call that this emulator carries out", r.Method, r.URL.RequestURI())
	}
	req.body = body
	return rt.handle(s, req)
}

// ServeHTTP answers one request. It panics with http.ErrAbortHandler, as
// net/http asks for, when a fault cuts the connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req, rt := s.parse(r)
	id, fault, ok := s.begin(&req.Call)
	w.Header().Set("Server", "slstest")
	w.Header().Set("x-log-requestid", id)
	if s.cfg.Dated {
		w.Header().Set("Date", s.cfg.Now().UTC().Format(http.TimeFormat))
	}
	if !ok {
		s.writeError(w, &req.Call, failure(503, codeServerBusy, "the emulator is closed"))
		return
	}
	defer s.end()
	if fault != nil && !fault.before(s, w, r, &req.Call) {
		return
	}
	rep, err := s.carryOut(r, req, rt)
	if fault != nil {
		fault.after(w, rep)
	}
	if err != nil {
		s.writeError(w, &req.Call, answer(err))
		return
	}
	s.log.DebugContext(r.Context(), "call", "kind", req.Kind, "logstore", req.Logstore, "shard", req.Shard, "status", 200)
	for k, v := range rep.header {
		w.Header().Set(k, v)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(rep.body)))
	if _, err := w.Write(rep.body); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
		s.log.DebugContext(r.Context(), "answer not delivered", "kind", req.Kind, "error", err)
	}
}

func (s *Server) writeError(w http.ResponseWriter, c *Call, e *Error) {
	s.log.Debug("call", "kind", c.Kind, "logstore", c.Logstore, "shard", c.Shard, "status", e.Status, "code", e.Code, "message", e.Message)
	body := e.body()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // a client that left needs no answer
}
