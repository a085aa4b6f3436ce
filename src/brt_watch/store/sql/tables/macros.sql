-- DuckDB: how the texts of a table of others are read. What cannot be read is null.

-- A number, with a point or a comma before its decimals.
create macro numero(texto) as if(
    isfinite(try_cast(replace(texto, ',', '.') as double)), try_cast(replace(texto, ',', '.') as double), null
);

-- A code: pandas writes 901008 as 901008.0 where a value is missing in the column.
create macro codigo(texto) as if(suffix(texto, '.0'), regexp_replace(texto, '^(\d+)\.0$', '\1'), texto);

-- The zone behind a time: Z, UTC, -03, -0300 or -03:00; '' without one. Most times have none, which is seen at once.
create macro zona(texto) as if(
    regexp_matches(texto[17:], '[A-Za-z+-]'),
    regexp_extract(texto, ':\d{2}(?:[.,]\d+)?\s*(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$', 1),
    ''
);

-- The seconds of a zone east of Greenwich.
create macro segundos_da_zona(nome, padrao) as case
    when nome = '' then padrao
    when regexp_matches(nome, '^[A-Za-z]') then 0
    else
        if(nome[1] = '-', -1, 1)
        * (cast(nome[2:3] as integer) * 3600 + coalesce(try_cast(right(replace(nome, ':', ''), 2) as integer), 0) * 60
        * if(length(nome) > 3, 1, 0))
end;

-- A date and time of day as written, without its zone.
create macro horario(texto) as case
    when contains(texto, ':') then coalesce(
        try_cast(texto as timestamp),
        try_strptime(texto, ['%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M', '%d/%m/%Y %H:%M:%S.%f', '%Y/%m/%d %H:%M:%S'])
    )
end;

-- A moment (UTC): milliseconds since 1970, or a time in its own zone, or in the one that its column has.
create macro momento(texto, padrao) as case
    when not contains(texto, ':') then make_timestamp_ms(
        if(try_cast(texto as double) between 0 and 1e15 and try_cast(texto as double) % 1 = 0, cast(try_cast(texto as double) as bigint), null)
    )
    else
        horario(trim(left(texto, length(texto) - length(zona(texto)))))
        - to_seconds(segundos_da_zona(zona(texto), padrao))
end;

-- Whether a spreadsheet has rounded the stamp: 1.74916E+12 stands for any moment within three hours.
create macro arredondado(texto) as regexp_full_match(texto, '\d+([.,]\d+)?[eE]\+?\d+');

-- Whether a spreadsheet has rounded the code: 9.01E+05 stands for any of a thousand vehicles. A code may be 12E3.
create macro codigo_arredondado(texto) as regexp_full_match(texto, '\d+([.,]\d+)?[eE]\+\d+');

-- Whether a moment is probably in seconds since 1970 (years 1973 to 2286): as milliseconds it would lie in early 1970.
create macro em_segundos(texto) as coalesce(try_cast(texto as double) between 1e8 and 1e10 - 1, false);
