package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
)

// person is somebody invented: 1349… is not given out to subscribers, and .test is nobody's domain.
type person struct {
	key, name, phone, email, prize string
}

func somebody(i int) person {
	names := []string{"王伟", "李娜", "张敏", "刘洋", "陈静", "杨磊", "赵雪", "黄平"}
	return person{
		key: fmt.Sprintf("A%05d", i), name: names[i%len(names)], phone: fmt.Sprintf("1349%07d", i),
		email: fmt.Sprintf("p%05d@mail%02d.test", i, i%40), prize: strconv.Itoa(i%3+1) + "等奖",
	}
}

// people are the persons from..from+n-1.
func people(from, n int) []person {
	ps := make([]person, 0, n)
	for i := range n {
		ps = append(ps, somebody(from+i))
	}
	return ps
}

// writeList writes them as a spreadsheet program saves a list.
func writeList(path string, ps []person) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	if err := w.Write([]string{"工号", "姓名", "手机号", "邮箱", "奖项"}); err != nil {
		return err
	}
	for _, p := range ps {
		if err := w.Write([]string{p.key, p.name, p.phone, p.email, p.prize}); err != nil {
			return err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return f.Close()
}
