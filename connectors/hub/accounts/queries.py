"""The queries to PostgreSQL's catalogues about roles and rights."""

from __future__ import annotations

from typing import Final

PLACE: Final = """
    SELECT current_database(), pg_get_userbyid(d.datdba), n.nspname
    FROM pg_database d
    LEFT JOIN pg_extension e ON e.extname = 'postgis'
    LEFT JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE d.datname = current_database()
"""
TABLES: Final = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
"""
FUNCTIONS: Final = """
    SELECT n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.proname = ANY(%(closed)s) AND n.nspname IN ('pg_catalog', %(extension)s)
"""
ROLES: Final = """
    SELECT r.oid, r.rolname, r.rolcanlogin, r.rolconnlimit, nullif(r.rolvaliduntil, 'infinity'),
        r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolbypassrls, NOT r.rolinherit,
        r.rolpassword LIKE 'SCRAM-SHA-256$%%',
        (SELECT setconfig FROM pg_db_role_setting WHERE setrole = r.oid AND setdatabase = 0),
        (SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
            WHERE s.setrole = r.oid AND d.datname = current_database())
    FROM pg_authid r WHERE starts_with(r.rolname, %(beginning)s)
"""
MEMBERS: Final = """
    SELECT m.rolname, o.rolname, a.admin_option
    FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles o ON o.oid = a.roleid
"""
SETTINGS: Final = """
    SELECT r.rolname, s.setconfig
    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
    LEFT JOIN pg_roles r ON r.oid = s.setrole
    WHERE d.datname = current_database() AND (r.oid IS NULL OR r.rolname = %(owner)s)
"""
# What an extension brings is its own: PostGIS needs its tables and functions to be open to all.
RIGHTS: Final = """
    WITH own AS (
        SELECT n.oid, n.nspname FROM pg_namespace n
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    ), of_extension AS (
        SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
    ), every AS (
        SELECT 'database' AS kind, ARRAY[d.datname::text] AS name, d.datdba AS owner, true AS closed, acl.*
        FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) acl
        WHERE d.datname = current_database()
    UNION ALL
        SELECT 'schema', ARRAY[n.nspname::text], n.nspowner, n.oid IN (SELECT oid FROM own), acl.*
        FROM pg_namespace n, aclexplode(n.nspacl) acl
    UNION ALL
        SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END,
            ARRAY[n.nspname::text, c.relname::text], c.relowner,
            (n.oid IN (SELECT oid FROM own)
                AND ('pg_class'::regclass::oid, c.oid) NOT IN (SELECT classid, objid FROM of_extension))
            OR (n.nspname = 'pg_catalog' AND c.relname = ANY(%(views)s)),
            acl.*
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) acl
    UNION ALL
        SELECT 'column', ARRAY[n.nspname::text, c.relname::text, a.attname::text], c.relowner,
            n.oid IN (SELECT oid FROM own), acl.*
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(a.attacl) acl
        WHERE a.attnum > 0
    UNION ALL
        SELECT 'function',
            ARRAY[n.nspname::text, p.proname::text, pg_get_function_identity_arguments(p.oid)], p.proowner,
            (n.oid IN (SELECT oid FROM own)
                AND ('pg_proc'::regclass::oid, p.oid) NOT IN (SELECT classid, objid FROM of_extension))
            OR (p.proname = ANY(%(closed)s) AND n.nspname IN ('pg_catalog', %(extension)s)),
            acl.*
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
            aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
    UNION ALL
        SELECT 'language', ARRAY[l.lanname::text], l.lanowner, l.lanname = ANY(%(languages)s), acl.*
        FROM pg_language l, aclexplode(coalesce(l.lanacl, acldefault('l', l.lanowner))) acl
    UNION ALL
        SELECT 'parameter', ARRAY[p.parname], 10::oid, false, acl.*
        FROM pg_parameter_acl p, aclexplode(p.paracl) acl
    UNION ALL
        SELECT 'default',
            ARRAY[pg_get_userbyid(d.defaclrole)::text, coalesce(n.nspname, '')::text,
                CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' ELSE 'SCHEMAS' END],
            d.defaclrole, true, acl.*
        FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace,
            aclexplode(d.defaclacl) acl
        WHERE d.defaclobjtype IN ('r', 'S', 'n')
    )
    SELECT kind, name, closed, pg_get_userbyid(owner), privilege_type, is_grantable,
        CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee) END
    FROM every
    WHERE (grantee <> owner OR kind = 'function') AND (closed OR grantee <> 0)
"""
OTHER: Final = """
    SELECT r.rolname, s.deptype = 'o', pg_describe_object(s.classid, s.objid, s.objsubid)
    FROM pg_shdepend s JOIN pg_roles r ON s.refclassid = 'pg_authid'::regclass AND r.oid = s.refobjid
    WHERE s.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        AND (s.deptype = 'o' OR (s.deptype = 'a' AND s.classid NOT IN (
            'pg_database'::regclass, 'pg_namespace'::regclass, 'pg_class'::regclass, 'pg_proc'::regclass,
            'pg_language'::regclass, 'pg_parameter_acl'::regclass, 'pg_default_acl'::regclass)))
"""
ELSEWHERE: Final = """
    SELECT DISTINCT r.rolname, d.datname
    FROM pg_shdepend s JOIN pg_roles r ON s.refclassid = 'pg_authid'::regclass AND r.oid = s.refobjid
    JOIN pg_database d ON d.oid = s.dbid WHERE d.datname <> current_database()
"""
OPEN_DATABASES: Final = """
    SELECT d.datname FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) acl
    WHERE acl.grantee = 0 AND acl.privilege_type = 'CONNECT' AND d.datallowconn
        AND d.datname <> current_database()
"""
