package slstest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/google/go-cmp/cmp"
)

func TestGroupCalls(t *testing.T) {
	now := time.Now()
	s := newServer(t, 2, func(c *Config) { c.Now = func() time.Time { return now } })
	c := sdkClient(s, s.InProcess())
	list, err := c.ListConsumerGroup(proj, store)
	if err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	must(t, c.CreateConsumerGroup(proj, store, sls.ConsumerGroup{ConsumerGroupName: "b", Timeout: 60}))
	must(t, c.CreateConsumerGroup(proj, store, sls.ConsumerGroup{ConsumerGroupName: "a", Timeout: 30, InOrder: true}))
	must(t, c.UpdateConsumerGroup(proj, store, sls.ConsumerGroup{ConsumerGroupName: "b", Timeout: 90, InOrder: true}))
	list, err = c.ListConsumerGroup(proj, store)
	must(t, err)
	if diff := cmp.Diff([]*sls.ConsumerGroup{{ConsumerGroupName: "a", Timeout: 30, InOrder: true}, {ConsumerGroupName: "b", Timeout: 90, InOrder: true}}, list); diff != "" {
		t.Error(diff)
	}

	held, err := c.HeartBeat(proj, store, "b", "c1", nil)
	if err != nil || !slices.Equal(held, []int{0, 1}) {
		t.Error(held, err)
	}
	cursor := s.Shards(proj, store)[1].Begin
	must(t, c.UpdateCheckpoint(proj, store, "b", "c1", 1, cursor, false))
	points, err := c.GetCheckpoint(proj, store, "b")
	must(t, err)
	if diff := cmp.Diff([]*sls.ConsumerGroupCheckPoint{{}, {ShardID: 1, CheckPoint: cursor, UpdateTime: now.UnixMicro(), Consumer: "c1"}}, points); diff != "" {
		t.Error(diff)
	}
	// A stale owner with forceSuccess overwrites it.
	must(t, c.UpdateCheckpoint(proj, store, "b", "nobody", 1, EncodeCursor(1), true))
	st, ok := s.Group(proj, store, "b")
	if diff := cmp.Diff(GroupState{
		Consumers: map[string][]int{"c1": {}}, Holders: map[int]string{0: "c1", 1: "c1"}, Checkpoints: map[int]string{1: EncodeCursor(1)},
	}, st); !ok || diff != "" {
		t.Error(diff)
	}
	must(t, c.DeleteConsumerGroup(proj, store, "b"))
	if _, ok := s.Group(proj, store, "b"); ok {
		t.Error("the deleted group is still there")
	}
}

func TestGroupErrors(t *testing.T) {
	s := newServer(t, 2)
	c := sdkClient(s, s.InProcess())
	must(t, c.CreateConsumerGroup(proj, store, sls.ConsumerGroup{ConsumerGroupName: "g", Timeout: 60}))
	_, err := c.HeartBeat(proj, store, "g", "c1", nil)
	must(t, err)
	_, err = c.HeartBeat(proj, store, "g", "c2", nil)
	must(t, err)
	_, heartbeatErr := c.HeartBeat(proj, store, "none", "c", nil)
	_, checkpointErr := c.GetCheckpoint(proj, store, "none")
	cursor := EncodeCursor(1)
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"create again", c.CreateConsumerGroup(proj, store, sls.ConsumerGroup{ConsumerGroupName: "g", Timeout: 60}), "400 ConsumerGroupAlreadyExist"},
		{"no timeout", c.CreateConsumerGroup(proj, store, sls.ConsumerGroup{ConsumerGroupName: "h"}), "400 ParameterInvalid"},
		{"no name", c.CreateConsumerGroup(proj, store, sls.ConsumerGroup{Timeout: 60}), "400 ParameterInvalid"},
		{"update", c.UpdateConsumerGroup(proj, store, sls.ConsumerGroup{ConsumerGroupName: "none", Timeout: 60}), "404 ConsumerGroupNotExist"},
		{"delete", c.DeleteConsumerGroup(proj, store, "none"), "404 ConsumerGroupNotExist"},
		{"heartbeat", heartbeatErr, "404 ConsumerGroupNotExist"},
		{"checkpoints", checkpointErr, "404 ConsumerGroupNotExist"},
		{"save, no group", c.UpdateCheckpoint(proj, store, "none", "c1", 0, cursor, true), "404 ConsumerGroupNotExist"},
		{"save, no shard", c.UpdateCheckpoint(proj, store, "g", "c1", 9, cursor, true), "404 ShardNotExist"},
		{"save, no cursor", c.UpdateCheckpoint(proj, store, "g", "c1", 0, "x", true), "400 InvalidCursor"},
		{"save, unknown consumer", c.UpdateCheckpoint(proj, store, "g", "c9", 0, cursor, false), "404 ConsumerNotExist"},
		{"save, other consumer", c.UpdateCheckpoint(proj, store, "g", "c2", 0, cursor, false), "400 ConsumerNotMatch"},
	} {
		if sdkError(tt.err) != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, tt.err, tt.want)
		}
	}
	groups := "/logstores/store/consumergroups"
	post := func(uri, body string) probe { return probe{method: "POST", uri: groups + uri, body: []byte(body)} }
	post("", "no JSON").fails(t, s, 400, codePostBodyInvalid)
	post("", `{"consumerGroup":"x","timeout":60} {}`).fails(t, s, 400, codePostBodyInvalid)
	post("/g?type=heartbeat&consumer=c", `["a"]`).fails(t, s, 400, codePostBodyInvalid)
	post("/g?type=heartbeat", `[]`).fails(t, s, 400, codeParameterInvalid)
	post("/g?type=checkpoint&consumer=c&forceSuccess=maybe", `{"shard":0,"checkpoint":"`+cursor+`"}`).fails(t, s, 400, codeParameterInvalid)
	post("/g?type=checkpoint&consumer=c", `{"checkpoint":"`+cursor+`"}`).fails(t, s, 400, codeParameterInvalid)
	post("/g?type=other", `{}`).fails(t, s, 400, codeNotSupported)
	probe{method: "GET", uri: groups + "/g?shard=7"}.fails(t, s, 404, codeShardNotExist)
	probe{method: "GET", uri: groups + "/g?shard=x"}.fails(t, s, 400, codeParameterInvalid)
}

func TestGroupQuota(t *testing.T) {
	s := newServer(t, 1)
	c := sdkClient(s, s.InProcess())
	create := func(i int) error {
		return c.CreateConsumerGroup(proj, store, sls.ConsumerGroup{ConsumerGroupName: fmt.Sprint("g", i), Timeout: 60})
	}
	for i := range MaxConsumerGroups {
		must(t, create(i))
	}
	if err := create(MaxConsumerGroups); sdkError(err) != "403 ConsumerGroupQuotaExceed" {
		t.Error(err)
	}
	must(t, c.DeleteConsumerGroup(proj, store, "g0"))
	must(t, create(MaxConsumerGroups))
}
