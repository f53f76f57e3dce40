package slstest

// actions are what RAM calls the operations in a policy.
var actions = map[Kind]string{
	GetProject:          "log:GetProject",
	ListLogStores:       "log:ListLogStores",
	GetLogStore:         "log:GetLogStore",
	ListConsumerGroup:   "log:ListConsumerGroup",
	CreateConsumerGroup: "log:CreateConsumerGroup",
	UpdateConsumerGroup: "log:UpdateConsumerGroup",
	DeleteConsumerGroup: "log:DeleteConsumerGroup",
	HeartBeat:           "log:ConsumerGroupHeartBeat",
	UpdateCheckPoint:    "log:ConsumerGroupUpdateCheckPoint",
	GetCheckPoint:       "log:GetConsumerGroupCheckPoint",
	GetCursor:           "log:GetCursorOrData",
	GetCursorTime:       "log:GetCursorOrData",
	PullLogs:            "log:GetCursorOrData",
	ListShards:          "log:ListShards",
	SplitShard:          "log:SplitShard",
	MergeShards:         "log:MergeShards",
	PutLogs:             "log:PostLogStoreLogs",
}

// Deny takes actions of RAM, such as log:ListShards, from the key, in place of
// those that were denied before; none gives it all rights, as at the start.
func (s *Server) Deny(actions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = make(map[string]bool, len(actions))
	for _, a := range actions {
		s.denied[a] = true
	}
}

// authorize checks the right to a call, which is asked for before what the
// call is about is looked up.
func (s *Server) authorize(c *Call) error {
	action := actions[c.Kind]
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.denied[action] {
		return nil
	}
	resource := "project/" + c.Project
	if c.Logstore != "" {
		resource += "/logstore/" + c.Logstore
	}
	switch {
	case c.Group != "":
		resource += "/consumergroup/" + c.Group
	case c.Kind == ListConsumerGroup || c.Kind == CreateConsumerGroup:
		resource += "/consumergroup/*"
	}
	return failure(401, codeUnauthorized, "denied by sts or ram, action: %s, resource: acs:log:%s:%s:%s", action, s.cfg.Region, owner, resource)
}

// owner is the account that everything belongs to.
const owner = "1000000000000001"
