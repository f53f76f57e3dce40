package slstest_test

import (
	"fmt"
	"strings"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/slswasm/slswasm/host/slstest"
)

func Example() {
	srv, err := slstest.New(slstest.Config{
		Projects: []slstest.Project{{Name: "audit", Logstores: []slstest.Logstore{{Name: "events", Shards: 1}}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	if err := srv.Start("127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := srv.Load("audit", "events", strings.NewReader(`{"__time__":1700000000,"verb":"get"}`)); err != nil {
		fmt.Println(err)
		return
	}

	client := sls.CreateNormalInterfaceV2(srv.Endpoint(),
		sls.NewStaticCredentialsProvider(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, ""))
	client.SetHTTPClient(srv.Client())
	cursor, err := client.GetCursor("audit", "events", 0, "begin")
	if err != nil {
		fmt.Println(err)
		return
	}
	list, _, err := client.PullLogs("audit", "events", 0, cursor, "", 10)
	fmt.Println(list.LogGroups[0].Logs[0].Contents[0].GetValue(), err, srv.Calls(slstest.PullLogs))
	// Output: get <nil> 1
}
