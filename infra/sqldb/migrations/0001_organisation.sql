-- +goose Up
-- Times are UTC without a zone; identifiers are UUIDv7 in text; documents are JSON in text.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE areas (
    id     TEXT PRIMARY KEY,
    parent TEXT NOT NULL,
    kind   TEXT NOT NULL,
    code   TEXT NOT NULL,
    name   TEXT NOT NULL
);

CREATE TABLE schools (
    id         TEXT PRIMARY KEY,
    code       TEXT NOT NULL,
    name       TEXT NOT NULL,
    area_id    TEXT NOT NULL,
    level      TEXT NOT NULL,
    created_at TIMESTAMP
);

CREATE TABLE subjects (
    code       TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    name_en    TEXT NOT NULL,
    from_grade BIGINT NOT NULL,
    to_grade   BIGINT NOT NULL,
    position   BIGINT NOT NULL
);

-- The subjects of the 2018 general curriculum (Circular 32/2018/TT-BGDĐT) with
-- the grades each is taught in; an administrator may change them afterwards.
-- English is compulsory from grade 3 and offered from grade 1.
INSERT INTO subjects (code, name, name_en, from_grade, to_grade, position) VALUES
    ('tieng-viet',      'Tiếng Việt',                       'Vietnamese',                  1, 5,  1),
    ('toan',            'Toán',                             'Mathematics',                 1, 12, 2),
    ('dao-duc',         'Đạo đức',                          'Ethics',                      1, 5,  3),
    ('tu-nhien-xa-hoi', 'Tự nhiên và Xã hội',               'Nature and Society',          1, 3,  4),
    ('khoa-hoc',        'Khoa học',                         'Science',                     4, 5,  5),
    ('lich-su-dia-li',  'Lịch sử và Địa lí',                'History and Geography',       4, 9,  6),
    ('ngu-van',         'Ngữ văn',                          'Literature',                  6, 12, 7),
    ('tieng-anh',       'Tiếng Anh',                        'English',                     1, 12, 8),
    ('khtn',            'Khoa học tự nhiên',                'Natural Sciences',            6, 9,  9),
    ('vat-li',          'Vật lí',                           'Physics',                     10, 12, 10),
    ('hoa-hoc',         'Hóa học',                          'Chemistry',                   10, 12, 11),
    ('sinh-hoc',        'Sinh học',                         'Biology',                     10, 12, 12),
    ('lich-su',         'Lịch sử',                          'History',                     10, 12, 13),
    ('dia-li',          'Địa lí',                           'Geography',                   10, 12, 14),
    ('tin-hoc',         'Tin học',                          'Informatics',                 3, 12, 15),
    ('cong-nghe',       'Công nghệ',                        'Technology',                  3, 12, 16),
    ('gdcd',            'Giáo dục công dân',                'Civic Education',             6, 9,  17),
    ('gdktpl',          'Giáo dục kinh tế và pháp luật',    'Economic and Legal Education', 10, 12, 18),
    ('am-nhac',         'Âm nhạc',                          'Music',                       1, 12, 19),
    ('mi-thuat',        'Mĩ thuật',                         'Fine Arts',                   1, 12, 20),
    ('gdtc',            'Giáo dục thể chất',                'Physical Education',          1, 12, 21),
    ('hdtn',            'Hoạt động trải nghiệm',            'Experiential Activities',     1, 12, 22);
