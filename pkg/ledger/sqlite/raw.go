package sqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// What changes rows, and what reads the pending messages, talks to the driver without database/sql between: that allocates more
// for the hundreds of values of a Turn than everything else in it.

// raw gives do the prepared statement of the writer's connection.
func (t *tx) raw(query string, do func(driver.Stmt) error) error {
	return t.w.conn.Raw(func(conn any) error {
		s, ok := t.w.raws[query]
		if !ok {
			c, can := conn.(driver.ConnPrepareContext)
			if !can {
				return fmt.Errorf("driver %T prepares nothing", conn)
			}
			var err error
			if s, err = c.PrepareContext(t.ctx, query); err != nil {
				return fmt.Errorf("prepare: %w", err)
			}
			t.w.raws[query] = s
		}
		return do(s)
	})
}

// rawChange is change; the values are numbered by it.
func (t *tx) rawChange(query string, values []driver.NamedValue) (n int, err error) {
	for i := range values {
		values[i].Ordinal = i + 1
	}
	err = t.raw(query, func(s driver.Stmt) error {
		x, can := s.(driver.StmtExecContext)
		if !can {
			return fmt.Errorf("driver's %T changes nothing", s)
		}
		res, err := x.ExecContext(t.ctx, values)
		if err != nil {
			return err
		}
		rows, err := res.RowsAffected()
		n = int(rows)
		return err
	})
	return n, err
}

// write is exec for values that are as the driver has them.
func (t *tx) write(query string, values []driver.Value) error {
	named := make([]driver.NamedValue, len(values))
	for i, v := range values {
		named[i].Value = v
	}
	_, err := t.rawChange(query, named)
	return err
}

// rawEach is each. The values of a row are as the driver has them: int64, float64, string, []byte or nil, the row's own.
func (t *tx) rawEach(row func([]driver.Value) error, query string, values ...driver.Value) error {
	named := make([]driver.NamedValue, len(values))
	for i, v := range values {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return t.raw(query, func(s driver.Stmt) (err error) {
		q, can := s.(driver.StmtQueryContext)
		if !can {
			return fmt.Errorf("driver's %T reads nothing", s)
		}
		rows, err := q.QueryContext(t.ctx, named)
		if err != nil {
			return err
		}
		return drain(rows, row)
	})
}

// drain calls row for every row, and closes them.
func drain(rows driver.Rows, row func([]driver.Value) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	into := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(into); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := row(into); err != nil {
			return err
		}
	}
}

// closeRaw finalizes the statements, before their connection is closed.
func (w *writer) closeRaw() error {
	var errs []error
	for _, s := range w.raws {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
