-- A campaign that was sent whole to a sandbox: what it proves, and since when.
CREATE TABLE rehearsal (
  id         INTEGER PRIMARY KEY,
  campaign   TEXT    NOT NULL CHECK (campaign <> ''), -- a name: it need not be staged here
  digest     TEXT    NOT NULL CHECK (digest <> ''),
  recipients INTEGER NOT NULL CHECK (recipients >= 0),
  messages   INTEGER NOT NULL CHECK (messages >= 0),
  reached    INTEGER NOT NULL CHECK (reached >= 0),
  rate       REAL    NOT NULL CHECK (rate >= 0),
  speed      REAL    NOT NULL CHECK (speed > 0),
  took       INTEGER NOT NULL CHECK (took >= 0), -- nanoseconds
  memory     INTEGER NOT NULL CHECK (memory >= 0), -- bytes
  faults     TEXT    NOT NULL, -- JSON object: how many messages met which
  complete   INTEGER NOT NULL CHECK (complete IN (0, 1)),
  at         INTEGER NOT NULL
);

CREATE TRIGGER rehearsal_stands BEFORE UPDATE ON rehearsal BEGIN
  SELECT RAISE(FAIL, 'a rehearsal is not rewritten');
END;
CREATE TRIGGER rehearsal_stays BEFORE DELETE ON rehearsal BEGIN
  SELECT RAISE(FAIL, 'rehearsals are kept');
END;
