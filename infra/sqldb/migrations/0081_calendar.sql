-- +goose Up
-- School years with their weeks, and the lists that an administrator may change.

CREATE TABLE school_years (
    code     TEXT PRIMARY KEY,
    from_day TEXT NOT NULL,
    to_day   TEXT NOT NULL
);

CREATE TABLE school_weeks (
    year     TEXT NOT NULL REFERENCES school_years (code) ON DELETE CASCADE,
    number   BIGINT NOT NULL,
    from_day TEXT NOT NULL,
    to_day   TEXT NOT NULL,
    PRIMARY KEY (year, number)
);

-- The ministry's frame: opening on 5 September, closing by 31 May. Weeks are
-- planned by the administrator, because each province sets its own.
INSERT INTO school_years (code, from_day, to_day) VALUES
    ('2025-2026', '2025-09-05', '2026-08-31'),
    ('2026-2027', '2026-09-05', '2027-08-31');

CREATE TABLE named (
    list     TEXT NOT NULL,
    code     TEXT NOT NULL,
    name     TEXT NOT NULL,
    name_en  TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (list, code)
);

INSERT INTO named (list, code, name, name_en, position) VALUES
    ('area-kind', 'province', 'Tỉnh',      'Province', 1),
    ('area-kind', 'city',     'Thành phố', 'City',     2),
    ('area-kind', 'district', 'Huyện',     'District', 3),
    ('area-kind', 'commune',  'Xã',        'Commune',  4),
    ('area-kind', 'ward',     'Phường',    'Ward',     5),
    ('area-kind', 'zone',     'Đặc khu',   'Special zone', 6),
    ('area-kind', 'village',  'Thôn, bản', 'Village',  7),
    ('textbook', 'ket-noi',   'Kết nối tri thức với cuộc sống', 'Connecting knowledge with life', 1),
    ('textbook', 'chan-troi', 'Chân trời sáng tạo',             'Creative horizon',               2),
    ('textbook', 'canh-dieu', 'Cánh Diều',                      'Kite',                           3);

INSERT INTO named (list, code, name, name_en, position)
SELECT 'grade', CAST(g AS TEXT), 'Lớp ' || CAST(g AS TEXT), 'Grade ' || CAST(g AS TEXT), g
  FROM (SELECT 1 AS g UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6
        UNION SELECT 7 UNION SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12) AS grades;

CREATE UNIQUE INDEX schools_code ON schools (code) WHERE code <> '';
CREATE UNIQUE INDEX areas_code ON areas (code) WHERE code <> '';
