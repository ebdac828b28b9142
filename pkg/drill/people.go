package drill

import (
	"encoding/csv"
	"fmt"
	"os"

	"notify/pkg/words"
)

// somebody is an invented person: numbers that begin with 1349 are not given out to subscribers, and .test is nobody's.
type somebody struct {
	key, name, phone, email, prize string
}

func person(i int, domain string) somebody {
	names := []string{"王伟", "李娜", "张敏", "刘洋", "陈静", "杨磊", "赵雪", "黄平"}
	return somebody{
		key: fmt.Sprintf("A%05d", i), name: names[i%len(names)], phone: fmt.Sprintf("1349%07d", i),
		email: fmt.Sprintf("p%05d@%s", i, domain), prize: fmt.Sprintf("%d等奖", i%3+1),
	}
}

// people writes the list of a drill.
func (s *stage) people(name string, n int, who func(i int) somebody) (err error) {
	f, err := os.Create(s.path(name))
	if err != nil {
		return words.Wrap(err, "drill.error.write", nil)
	}
	w := csv.NewWriter(f)
	_ = w.Write([]string{"工号", "姓名", "手机号", "邮箱", "奖项"}) // a writer keeps its error
	for i := range n {
		p := who(i + 1)
		_ = w.Write([]string{p.key, p.name, p.phone, p.email, p.prize})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		_ = f.Close()
		return words.Wrap(err, "drill.error.write", nil)
	}
	if err := f.Close(); err != nil {
		return words.Wrap(err, "drill.error.write", nil)
	}
	return nil
}

// texts writes what the people of a drill read.
func (s *stage) texts() error {
	if err := s.write("award.sms.txt", "{{姓名}}，您获得{{奖项}}，请于1月2日到行政部领取。\n"); err != nil {
		return err
	}
	return s.write("award.txt", "{{姓名}},\n\nyou have won: {{奖项}}.\n")
}
