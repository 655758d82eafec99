// Prints each request that net/http served as a line of JSON: port of the client, method, target, body; latin1.
package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
)

type record struct {
	Port   int    `json:"port"`
	Method string `json:"method"`
	Target string `json:"target"`
	Body   string `json:"body"`
}

func latin1(bytes []byte) string {
	runes := make([]rune, len(bytes))
	for i, b := range bytes {
		runes[i] = rune(b)
	}
	return string(runes)
}

func main() {
	var mutex sync.Mutex
	lines := json.NewEncoder(os.Stdout)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		_, port, _ := net.SplitHostPort(r.RemoteAddr)
		number, _ := strconv.Atoi(port)
		mutex.Lock()
		_ = lines.Encode(record{number, r.Method, latin1([]byte(r.RequestURI)), latin1(body)})
		mutex.Unlock()
		_, _ = w.Write([]byte("ok"))
	})
	if err := http.ListenAndServe("127.0.0.1:"+os.Args[1], handler); err != nil {
		panic(err)
	}
}
